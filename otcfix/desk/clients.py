"""Commands on the register of clients: onboarding, approval, suspension, changes, offboarding.

Who made a client's KYC never approves it. Which changes wait for a second person stands in
`client_fields`; to resume a client and to raise a settlement limit wait as well.
"""

from collections.abc import Iterator
from decimal import ROUND_DOWN

from msgspec import structs

from otcfix.desk import quote_streams
from otcfix.desk.client_faults import documents_faults, fault_of
from otcfix.desk.client_fields import KYC_STATUS, Impossible, changed, noted
from otcfix.desk.draft import Draft
from otcfix.desk.enforcing import enforce
from otcfix.desk.four_eyes import lapse, waits
from otcfix.desk.limit_rows import own_measures
from otcfix.gate.authority import screened
from otcfix.ledger import chart
from otcfix.model.client_commands import (
    ApproveClient,
    ChangeClient,
    ChangeSettlementLimit,
    OffboardClient,
    OnboardClient,
    ResumeClient,
    SuspendClient,
)
from otcfix.model.limit import CLIENT
from otcfix.model.money import AMOUNT_MAX, from_minor, to_minor
from otcfix.model.party import Client
from otcfix.model.profile import (
    ACTIVE,
    APPROVED,
    OFFBOARDED,
    PENDING,
    PROSPECT,
    SUSPENDED,
    UNDER_REVIEW,
    Document,
    Kyc,
)
from otcfix.model.proposal import same_person
from otcfix.model.time import is_day, utc_day


def _refuse(draft: Draft, why: str) -> None:
    draft.alerts.append(f"refused: {why}")


def _known(draft: Draft, client_id: str) -> Client | None:
    """The client, if there is one who was not let go; else it is refused."""
    client = draft.client(client_id)
    if client is None:
        _refuse(draft, f"no client {client_id}")
    elif client.status == OFFBOARDED:
        _refuse(draft, f"{client_id} was offboarded")
    else:
        return client
    return None


def _take(draft: Draft, client: Client) -> None:
    """Note how *client* stands, and look at what he has standing.

    When something about him is to be screened again, what rests waits for that, and does not fill
    meanwhile: the verdict looks at it again.
    """
    draft.clients[client.client_id] = client
    enforce(draft, lambda client_id: client_id == client.client_id, but=(screened,))


def on_onboard_client(draft: Draft, command: OnboardClient) -> None:
    """Take a client in as a PROSPECT with KYC PENDING; somebody else approves him.

    An id is used once: not even an offboarded client's is free again.
    """
    client, desk = command.client, draft.register.desk
    if desk is None or not command.by.strip():
        _refuse(draft, "who onboards him is to be named")
        return
    if draft.client(client.client_id) is not None:
        _refuse(draft, f"{client.client_id} is there already; an id is used once")
        return
    fault = fault_of(client, draft.register)
    if fault:
        _refuse(draft, fault)
        return
    said = client.profile.kyc
    kyc = Kyc(PENDING, said.level, said.expires, said.documents, made_by=command.by)
    draft.clients[client.client_id] = structs.replace(
        client,
        enabled=True,
        status=PROSPECT,
        profile=structs.replace(client.profile, kyc=kyc),
        changed=("client_id",),
    )


def on_approve_client(draft: Draft, command: ApproveClient) -> None:
    """Approve a client's KYC; never by who made it. A PROSPECT is ACTIVE from then on; one who is
    suspended stays so until he is resumed.

    Where nobody made it for this approval (a renewal, one under review), who asks is the maker, and
    a second person confirms.
    """
    client = _known(draft, command.client_id)
    if client is None:
        return
    kyc = client.profile.kyc
    fault = next(_approval_faults(draft, client, command), "")
    if fault:
        _refuse(draft, fault)
        return
    made_by, approved_by = kyc.made_by, command.by
    if kyc.status != PENDING:
        made_by, approved_by = command.by, draft.checked_by
    approved = Kyc(
        APPROVED,
        command.level,
        command.expires,
        _newest((*kyc.documents, *command.documents)),
        made_by,
        approved_by,
        draft.event.at,
    )
    status = ACTIVE if client.status == PROSPECT else client.status
    after = structs.replace(
        client,
        status=status,
        profile=structs.replace(client.profile, kyc=approved),
        changed=noted(client, "status", "profile.kyc"),
    )
    faults = approved.faults(utc_day(draft.event.at))
    if faults:
        _refuse(draft, f"a document expires on {approved.last_day}, which is over")
        return
    about = f"KYC of {client.client_id}: level {command.level} until {approved.last_day}"
    if kyc.status != PENDING and waits(draft, command, about):
        return
    _take(draft, after)
    if approved.ends_at:
        draft.timer(approved.ends_at, "kyc", "")


def _approval_faults(draft: Draft, client: Client, command: ApproveClient) -> Iterator[str]:
    kyc = client.profile.kyc
    if not command.by.strip():
        yield "who approves is to be named"
    if kyc.status == PENDING and (not kyc.made_by or same_person(command.by, kyc.made_by)):
        yield f"{kyc.made_by or 'nobody'} made the KYC; another person approves it"
    if not command.level:
        yield "a level is to be named"
    if not is_day(command.expires):
        yield f"expires {command.expires!r}: expected a date, as 2027-12-31"
    elif command.expires < utc_day(draft.event.at):
        yield f"expires {command.expires}: it is over"
    yield from documents_faults(command.documents)


def _newest(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """Documents by kind: a new one takes the place of the one before it."""
    return tuple({one.kind: one for one in documents}.values())


def on_suspend_client(draft: Draft, command: SuspendClient) -> None:
    """Suspend a client: his quotes are withdrawn (Z), his resting orders cancelled with
    CANCELLED_BY_DESK, his streams emptied. review: his KYC needs a new approval as well."""
    client = _known(draft, command.client_id)
    if client is None:
        return
    kyc, names = client.profile.kyc, ["status"]
    if command.review:
        kyc = structs.replace(kyc, status=UNDER_REVIEW)
        names.append("profile.kyc")
    elif client.status != ACTIVE:
        _refuse(draft, f"{client.client_id} is not active but {client.status}")
        return
    status = PROSPECT if client.status == PROSPECT else SUSPENDED
    after = structs.replace(
        client,
        status=status,
        profile=structs.replace(client.profile, kyc=kyc),
        changed=noted(client, *names),
    )
    _take(draft, after)
    draft.alerts.append(f"{client.client_id} suspended by {command.by}: {command.why}")
    lapse(draft, client.client_id, command.by)


def on_resume_client(draft: Draft, command: ResumeClient) -> None:
    """Take a suspended client up again, by two people. His KYC must hold, or he still deals
    nothing."""
    client = _known(draft, command.client_id)
    if client is None:
        return
    if client.status != SUSPENDED:
        _refuse(draft, f"{client.client_id} is not suspended but {client.status}")
        return
    if waits(draft, command, f"resume {client.client_id}: {command.why}"):
        return
    after = structs.replace(client, status=ACTIVE, changed=noted(client, "status"))
    _take(draft, after)


def on_offboard_client(draft: Draft, command: OffboardClient) -> None:
    """Let a client go for good. Refused while he has balances, holds, obligations or orders."""
    client = _known(draft, command.client_id)
    if client is None:
        return
    has = list(_holdings(draft, client.client_id))
    if has:
        _refuse(draft, f"{client.client_id} still has {', '.join(has)}")
        return
    after = structs.replace(client, status=OFFBOARDED, changed=noted(client, "status"))
    quote_streams.end_of(draft, client.client_id)
    _take(draft, after)


def _holdings(draft: Draft, client_id: str) -> Iterator[str]:
    """What keeps a client from being let go, in words."""
    state, assets = draft.state, draft.register.assets
    prefix = f"{chart.CLIENT_PREFIX}{client_id}:"
    for name in sorted(state.balances):
        minor = state.balances[name]
        if minor and name.startswith(prefix):
            _, kind, code = name.rsplit(":", 2)
            amount = f"{from_minor(minor, assets[code]):f}" if code in assets else str(minor)
            yield f"{kind} {amount} {code}"
    for key in sorted(state.obligations):
        if key.startswith(f"{client_id}|"):
            yield f"an obligation of {key.split('|')[2]}"
    if state.open_orders.get(client_id):
        yield f"{state.open_orders[client_id]} open orders"


def on_change_client(draft: Draft, command: ChangeClient) -> None:
    """Change fields of a client; what gives more waits for a second person."""
    client = _known(draft, command.client_id)
    if client is None:
        return
    try:
        after, more = changed(client, command)
    except Impossible as error:
        _refuse(draft, str(error))
        return
    fault = fault_of(after, draft.register) or _overruled(draft, command)
    if fault:
        _refuse(draft, fault)
        return
    if structs.replace(after, changed=client.changed) == client:
        _refuse(draft, "nothing changes")
        return
    if more and waits(draft, command, f"{client.client_id}: {'; '.join(more)}"):
        return
    _take(draft, after)
    if KYC_STATUS in command.changes:
        lapse(draft, client.client_id, command.by)


def _overruled(draft: Draft, command: ChangeClient) -> str:
    """A limit that the client's own number does not reach any more; "" for none."""
    who = f"{CLIENT}{command.client_id}"
    for measure, name in own_measures().items():
        if name in command.changes and draft.state.limits.overrules((who, "", measure)):
            return f"{name}: a limit {measure} of {who} holds instead; set that one"
    return ""


def on_change_settlement_limit(draft: Draft, command: ChangeSettlementLimit) -> None:
    """Change how far below zero one of his assets may go: a raise waits for a second person.

    Lowered under what he uses, nothing is forced: he may only come back (R23). Rounds: down to the
    minor unit.
    """
    client = _known(draft, command.client_id)
    asset = draft.register.assets.get(command.asset)
    if client is None:
        return
    if asset is None or not command.amount.is_finite() or command.amount < 0:
        _refuse(draft, f"{command.asset} {command.amount}: expected a listed asset, zero or more")
        return
    if command.amount >= from_minor(AMOUNT_MAX, asset):
        _refuse(draft, "no account holds that much")
        return
    amount = to_minor(command.amount, asset, ROUND_DOWN)
    before = client.settlement_limits.get(asset.code, 0)
    about = f"settlement limit of {client.client_id}: {asset.code} {command.amount:f}"
    if amount > before and waits(draft, command, about):
        return
    limits = {**client.settlement_limits, asset.code: amount}
    names = noted(client, f"settlement_limits.{asset.code}")
    draft.clients[client.client_id] = structs.replace(
        client, settlement_limits=dict(sorted(limits.items())), changed=names
    )
