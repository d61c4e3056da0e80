"""The doors there are, by the scheme of a place's URL. The registry, nothing else."""

from octavo.control.delivery.door import Door, Kind
from octavo.control.delivery.doors.bucket import BucketDoor
from octavo.control.delivery.doors.drive import DriveDoor
from octavo.control.delivery.doors.ftp import FtpDoor
from octavo.control.delivery.doors.sftp import SftpDoor

DOORS: dict[str, type[Door]] = {scheme: one for one in (BucketDoor, DriveDoor, FtpDoor, SftpDoor) for scheme in one.kind}
KINDS: dict[str, Kind] = {scheme: one.kind[scheme] for scheme, one in DOORS.items()}
