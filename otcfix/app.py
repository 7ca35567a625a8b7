"""The composition root: build(config) -> App. The only module that knows all others."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

import otcfix
from otcfix.config import Config, desk_hash
from otcfix.desk.state import State
from otcfix.fix import dictionaries
from otcfix.fix.acceptor import Acceptor
from otcfix.fix.parse import Parser
from otcfix.fix.render import Rendered, rendered
from otcfix.model.errors import ConfigError, StoreLost
from otcfix.model.event import Boot, EpochMoved, ProviderQuoteTaken
from otcfix.model.messages import Inbound
from otcfix.model.record import OutboxRow
from otcfix.model.replies import Reply
from otcfix.model.time import SECOND, Instant
