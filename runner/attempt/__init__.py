"""An attempt on its worker: cancellation, messages of the task, log, masking and secrets."""
