"""How well works are found: measured on changed pictures, pairs, labels and aspects.

``nga.csv`` has what a person saw in 400 paintings of the NGA, by work: the main head's direction
(``small`` where all are below an eighth of the picture's height, ``several`` where none is the
main one), whence light falls, kind of scene, and the main figure's pose. A scene is what two of
three people said. Rows of the part "dev"
were used to choose settings, those of "test" only to report.
"""
