"""Trials against a counterparty or a desk: replayed logs, recorded scenarios, certification."""
