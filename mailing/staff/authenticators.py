"""Authenticators: what their devices are asked, and what they signed, by the library `webauthn`.

Nothing is judged here but the bytes: challenge, host, origin, presence of a person, signature.

Whether the device knew its owner (by finger, face or PIN) is wished for and not demanded: the
password was given before, and having the device is the second factor. A demand would shut out the
plain security keys.
"""

import hashlib

import structlog
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mailing.base import clock
from mailing.base.installation import here
from mailing.staff import challenges, passkeys
from mailing.staff.challenges import Challenge
from mailing.staff.passkeys import Passkey
from mailing.staff.relying import Home
from mailing.staff.second_factor import ISSUER
from mailing.staff.staff import Staff

Options = dict[str, object]
# As long as the challenge lives; a browser that asks longer asks in vain.
_PATIENCE = int(challenges.LIVES.total_seconds() * 1000)

_log = structlog.get_logger()


def asked_to_make(person: Staff, challenge: Challenge, home: Home) -> Options:
    """What a browser is told that is to have a new passkey made."""
    options = generate_registration_options(
        rp_id=home.host,
        rp_name=ISSUER,
        user_id=handle_of(person),
        user_name=person.email,
        challenge=challenge.challenge,
        timeout=_PATIENCE,
        # The browser refuses a device that holds one of these.
        exclude_credentials=_described(person),
        authenticator_selection=AuthenticatorSelectionCriteria(
            # Password managers keep in step only what a device finds by itself.
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return options_to_json_dict(options)


def asked_to_sign(person: Staff, challenge: Challenge, home: Home) -> Options:
    """What a browser is told that is to have a passkey of theirs sign."""
    options = generate_authentication_options(
        rp_id=home.host,
        challenge=challenge.challenge,
        timeout=_PATIENCE,
        allow_credentials=_described(person),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json_dict(options)


def made(answer: str, challenge: bytes, home: Home) -> Passkey | None:
    """The passkey that was made for this challenge, nobody's yet; None for anything else."""
    try:
        said = parse_registration_credential_json(answer)
        new = verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=home.host,
            expected_origin=home.origin,
        )
    except Exception as error:
        _note(error)
        return None
    return Passkey(
        credential_id=new.credential_id,
        public_key=new.credential_public_key,
        sign_count=new.sign_count,
        transports=sorted({one.value for one in said.response.transports or []}),
        created_at=clock.now(),
    )


def read(answer: str) -> AuthenticationCredential | None:
    """What came back from a browser, nothing of it believed yet; None where it is no answer."""
    try:
        return parse_authentication_credential_json(answer)
    except Exception as error:
        _note(error)
        return None


def signed_count(
    said: AuthenticationCredential, challenge: bytes, home: Home, passkey: Passkey
) -> int | None:
    """What the device has counted to, where this passkey signed what it was asked; None otherwise.

    The count is judged by who calls: only one that is signed tells anything.
    """
    try:
        seen = verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=home.host,
            expected_origin=home.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
        )
    except Exception as error:
        _note(error)
        return None
    return seen.new_sign_count


def handle_of(person: Staff) -> bytes:
    """Under which name a device files this person: it says nothing about them (14.6.1), and tells
    two installations at one host apart."""
    about = f"kelisim passkeys\0{here().installation_id}\0{person.id}"
    return hashlib.sha256(about.encode()).digest()


def _described(person: Staff) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id,
            transports=[AuthenticatorTransport(way) for way in one.transports],
        )
        for one in passkeys.of(person)
    ]


def _note(error: Exception) -> None:
    """What strangers send may break whatever takes it apart, also in ways that the library does not
    promise: it is a "no". The message stays out of the log, since it repeats what was sent."""
    _log.info("passkey refused", error=type(error).__name__)
