"""What lists of executions are ordered by. Equal ones go by their creation, in the same direction."""

from enum import StrEnum


class ExecutionOrder(StrEnum):
    CREATED_DESC = "CREATED_DESC"
    CREATED_ASC = "CREATED_ASC"
    STARTED_DESC = "STARTED_DESC"
    STARTED_ASC = "STARTED_ASC"
    ENDED_DESC = "ENDED_DESC"
    ENDED_ASC = "ENDED_ASC"
    DURATION_DESC = "DURATION_DESC"
    DURATION_ASC = "DURATION_ASC"
    FLOW_DESC = "FLOW_DESC"
    FLOW_ASC = "FLOW_ASC"
    STATE_DESC = "STATE_DESC"
    STATE_ASC = "STATE_ASC"
    PROGRESS_DESC = "PROGRESS_DESC"
    PROGRESS_ASC = "PROGRESS_ASC"

    @property
    def column(self) -> str:
        return self.value.rpartition("_")[0]

    @property
    def descending(self) -> bool:
        return self.value.endswith("_DESC")
