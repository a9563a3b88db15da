"""An attempt as its executor sees it: cancellation, messages, log, masking and secrets."""
