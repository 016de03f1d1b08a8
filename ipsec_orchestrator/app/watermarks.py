"""The watermarks of a state folder."""

from ipsec_orchestrator import __version__
from ipsec_orchestrator.adapters.watermark_folder import WatermarkFolder
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.ports.watermarks import Watermarks


def watermarks(place: StatePlace) -> Watermarks:
    """Give them; nothing is opened or made before it is used."""
    return WatermarkFolder(place.folder / "watermarks", __version__)
