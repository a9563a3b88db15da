from typing import Final

from schema.descriptions.words import Words

SECRETS: Final[Words] = {
    "Secret": (
        "A secret of a namespace, for its flows and those of the namespaces below. Its value is never answered.",
        {
            "namespace": "The namespace that it belongs to.",
            "name": "Its name, as in `secrets.NAME`.",
            "createdAt": "When it was first saved.",
            "updatedAt": "When its value was last saved.",
            "updatedBy": "Who saved it last.",
        },
    ),
    "SaveSecretInput": (
        "A secret to save.",
        {
            "namespace": "The namespace that it is for; those below it see it too, unless they have their own.",
            "name": "1 to 100 of A-Z a-z 0-9 _, not beginning with a digit.",
            "value": "Text of 4 characters at least and 16 KiB at most. It is kept encrypted.",
        },
    ),
    "DeleteSecretInput": (
        "A secret to delete.",
        {"namespace": "The namespace that it belongs to.", "name": "Its name."},
    ),
    "SaveSecretPayload": (
        "What `saveSecret` answers.",
        {
            "secret": "The secret; null when it was refused.",
            "problems": "Why it was refused; empty when it was done.",
        },
    ),
    "DeleteSecretPayload": (
        "What `deleteSecret` answers.",
        {
            "secret": "What was deleted; null when it was refused.",
            "problems": "Why it was refused; empty when it was done.",
        },
    ),
}
