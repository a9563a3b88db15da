"""`greet`: greets a person so many times."""

import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

import headway
from models.inputs.values import Seconds, Text
from models.spec import Task


class Manner(BaseModel, extra="forbid"):
    loud: bool = False
    mark: Text = "!"


class Greet(Task):
    """Greets `name` `times` times, and stores the greetings as an artifact."""

    type: Literal["greet"]
    name: Text
    times: Annotated[int, Field(ge=1, le=10)] = 1
    manner: Manner = Manner()
    pause: Seconds = 0.0

    def run(self) -> dict[str, Any]:
        greeting = f"hello {self.name}{self.manner.mark}"
        if self.manner.loud:
            greeting = greeting.upper()
        for done in range(self.times):
            print(greeting)
            headway.progress((done + 1) / self.times)
            time.sleep(self.pause)
        Path("greetings.txt").write_text(f"{greeting}\n" * self.times)
        headway.artifact("greetings.txt", type="Text")
        return {"greeting": greeting}
