"""Random passwords for the accounts of a lab."""

import secrets
import string

LENGTH = 24
ALPHABET = string.ascii_letters + string.digits
"""No punctuation: the text goes unharmed through shells, URLs and colon-separated files."""


def random_password() -> str:
    """A password that meets AD's complexity rule: upper case, lower case and a digit."""
    while True:
        password = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if (
            any(letter.isupper() for letter in password)
            and any(letter.islower() for letter in password)
            and any(letter.isdigit() for letter in password)
        ):
            return password
