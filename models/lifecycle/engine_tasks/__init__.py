"""Tasks that the engine runs itself, without a worker: wait, approval, subflow, foreach."""
