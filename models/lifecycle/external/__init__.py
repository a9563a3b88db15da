"""External runs: reports in any order, merged into the recorded execution."""
