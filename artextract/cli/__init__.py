"""The command line: the root command and the commands that belong to no stage."""
