"""Parts of the process that runs a `sql` task. They import few modules, as the process is started for each task."""
