"""The only writer of execution state: a request is locked, decided and written in one transaction."""
