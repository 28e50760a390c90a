"""What a camera is for, as both rovers have one: the feeds name each camera, and the eyes of a pair apart."""

FAMILIES = {
    "FHAZ": "hazard",
    "RHAZ": "hazard",
    "FRONT_HAZCAM": "hazard",
    "REAR_HAZCAM": "hazard",
    "NAV": "navigation",
    "MAST": "mast",
    "MCZ": "mast",
    "CHEMCAM": "laser",
    "SUPERCAM": "laser",
    "MAHLI": "arm",
    "SHERLOC": "arm",
    "PIXL": "arm",
    "MARDI": "descent",
    "EDL": "descent",
    "LCAM": "descent",
}


def family_of(camera: str) -> str:
    """`navigation` for NAV_LEFT_B and for NAVCAM_LEFT; `other` for a camera that is not known."""
    name = camera.upper()
    return next((family for beginning, family in FAMILIES.items() if name.startswith(beginning)), "other")
