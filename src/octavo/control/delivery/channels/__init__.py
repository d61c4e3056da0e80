"""The channels there are, by the name that a target calls them. The registry, nothing else."""

from octavo.control.delivery.channel import Channel
from octavo.control.delivery.channels.email import Email
from octavo.control.delivery.channels.place import Place
from octavo.control.delivery.channels.webhook import Webhook

CHANNELS: dict[str, type[Channel]] = {"email": Email, "place": Place, "webhook": Webhook}
