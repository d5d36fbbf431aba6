# Migrations, functions and the price catalogue: installed and distributed as a whole tree, so a new file needs no line here.
DATA_TREES = sql
