"""What a camera is for, in words that fit both rovers: the feeds name each camera, even each eye of a pair."""

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
    """`navigation` for NAV_LEFT_B and for NAVCAM_LEFT; `other` for an unknown camera."""
    name = camera.upper()
    return next((family for beginning, family in FAMILIES.items() if name.startswith(beginning)), "other")
