"""What has an id of its own."""

import strawberry


@strawberry.interface
class Node:
    id: strawberry.ID
