"""The interface of objects with a global id."""

import strawberry


@strawberry.interface
class Node:
    id: strawberry.ID
