"""Parts of the process that carries out a `sql` task. They import little, for it starts with each."""
