"""How well works are found: measured on changed pictures, pairs, labels and aspects.

``nga.csv`` has what people saw in 800 paintings of the NGA, by work: the main head's direction
(``small`` where all are below an eighth of the picture's height, ``unclear`` where they differed,
empty where they differed on whether there is one), whence light falls (of 400), the kind of scene,
and the main figure's pose. Each is what two of three said, or both of two. Rows of the part "dev"
were used to choose settings, those of "test" only to report.
"""
