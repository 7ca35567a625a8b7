"""The rules of jurisdiction as they change: by a command, by a new day, by a new configuration."""

from otcfix.desk.draft import Draft
from otcfix.desk.enforcing import enforce
from otcfix.desk.register import Register
from otcfix.desk.staff import cancel_by_desk
from otcfix.gate.policy import next_boundary, version_of
from otcfix.model.party import Client, Desk
from otcfix.model.policy import Policy, SetPolicy
from otcfix.model.time import utc_day


def on_set_policy(draft: Draft, command: SetPolicy) -> None:
    """Take new rules; what they forbid is withdrawn and told. The same rules again: nothing."""
    policy, register = command.policy, draft.register
    if register.desk is None:
        draft.alerts.append("refused: the desk has no configuration yet")
        return
    if version_of(policy) != policy.version:
        draft.alerts.append("refused: the version of the rules is not that of their content")
        return
    if policy.version == register.policy.version:
        return
    draft.policy = policy
    # From here on this decision sees the rules as it leaves them.
    draft.register = register.with_policy(policy)
    enforce(draft)
    watch(draft, policy)
    draft.alerts.append(
        f"policy {policy.version[:8]} holds instead of {register.policy.version[:8] or 'none'}, "
        f"by {command.by}: {command.why}"
    )


def on_new_day(draft: Draft) -> None:
    """A rule or a licence begins or ends to hold today: what is forbidden now is withdrawn."""
    policy = draft.register.policy
    enforce(draft)
    watch(draft, policy)
    draft.alerts.append(f"policy {policy.version[:8]}: a rule or a licence begins or ends today")


def at_boot(draft: Draft, desk: Desk, clients: dict[str, Client]) -> None:
    """Cancel the orders that the rules of *desk* forbid; they may be new, or the day may be.

    clients: as they stand with the configuration of *desk*.
    """
    register, day = draft.register, utc_day(draft.event.at)
    if desk is not register.desk:
        register = Register(desk, clients)
    for order in sorted(draft.state.orders.values(), key=lambda o: o.accepted_seq):
        current = draft.order(order.order_id)
        if current is None or not current.is_open:
            continue
        client = register.clients[order.client_id]
        instrument = register.instruments[order.symbol]
        if not register.policy_answer(client, instrument, order.side, day).allowed:
            cancel_by_desk(draft, current)
    watch(draft, desk.policy)


def watch(draft: Draft, policy: Policy) -> None:
    """Wait for the next midnight at which *policy* says something else."""
    due = next_boundary(policy, draft.event.at)
    if due is not None:
        draft.timer(due, "policy", policy.version)
