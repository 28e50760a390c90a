"""The tables that SpaceX's answers become."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, BOOL, DAY, FLOAT, INSTANT, INT, TEXT, TEXTS

LAUNCHES = Dataset(
    "spacex_launches",
    grain="one row per launch, past and upcoming",
    key=("launch_id",),
    distributed_by="launch_id",
    max_lost_share=0,  # the API never removes one
    columns=(
        Column("launch_id", TEXT, "The API's id of the launch.", nullable=False),
        Column("name", TEXT, "Name of the mission.", nullable=False),
        Column("flight_number", INT, "The API's running number; not unique.", nullable=False),
        Column("rocket_id", TEXT, "Kind of rocket.", nullable=False),
        Column("launchpad_id", TEXT, "Where it started or will start."),
        Column("is_upcoming", BOOL, "True until it has flown.", nullable=False),
        Column("is_success", BOOL, "Null while not known."),
        Column("is_to_be_determined", BOOL, "True while the date is to be determined.", nullable=False),
        Column("is_no_earlier_than", BOOL, "True while the date is a lower bound.", nullable=False),
        Column(
            "date_precision", TEXT, "How exact launched_at is: hour, day, month, quarter, half, year.", nullable=False
        ),
        Column("window_s", BIGINT, "Length of the launch window in seconds."),
        Column("static_fire_at", INSTANT, "When the engines were tested on the pad."),
        Column("launched_at", INSTANT, "Lift-off, or its plan, in UTC."),
        Column("launched_date", DAY, "The UTC day of launched_at."),
    ),
)

LAUNCH_CORES = Dataset(
    "spacex_launch_cores",
    grain="one row per core slot of a launch",
    key=("launch_id", "position"),
    part_of="spacex_launches",
    distributed_by="launch_id",
    max_lost_share=0.1,  # they come and go with what is known about their launch
    columns=(
        Column("launch_id", TEXT, "The launch.", nullable=False),
        Column("position", INT, "Place in the launch's list of cores, from 1.", nullable=False),
        Column("core_id", TEXT, "The core; null while none is assigned."),
        Column("landpad_id", TEXT, "Where it landed or was to land."),
        Column("flight_number", INT, "The API's count of the core's flights; not reliable as a key."),
        Column("has_gridfins", BOOL, "Carries grid fins."),
        Column("has_legs", BOOL, "Carries landing legs."),
        Column("is_reused", BOOL, "The core has flown before."),
        Column("is_landing_attempted", BOOL, "A landing was tried."),
        Column("is_landing_success", BOOL, "The landing succeeded; null if none was tried or not known."),
        Column("landing_type", TEXT, "RTLS (on land), ASDS (on a ship) or Ocean."),
    ),
)

CORES = Dataset(
    "spacex_cores",
    grain="one row per core (first stage)",
    key=("core_id",),
    columns=(
        Column("core_id", TEXT, "The API's id of the core.", nullable=False),
        Column("serial", TEXT, "Serial number such as B1058; null if not known."),
        Column("block", INT, "Version of the design."),
        Column("status", TEXT, "active, inactive, expended, lost, retired or unknown.", nullable=False),
        Column("reuse_count", INT, "The API's own count of reuses.", nullable=False),
        Column("rtls_attempts", INT, "Landings tried on land.", nullable=False),
        Column("rtls_landings", INT, "Landings made on land.", nullable=False),
        Column("asds_attempts", INT, "Landings tried on a ship.", nullable=False),
        Column("asds_landings", INT, "Landings made on a ship.", nullable=False),
    ),
)

ROCKETS = Dataset(
    "spacex_rockets",
    grain="one row per kind of rocket",
    key=("rocket_id",),
    columns=(
        Column("rocket_id", TEXT, "The API's id of the kind of rocket.", nullable=False),
        Column("name", TEXT, "Name, such as Falcon 9.", nullable=False),
        Column("type", TEXT, "The API's word for what it is.", nullable=False),
        Column("country", TEXT, "Where it is built.", nullable=False),
        Column("stages", INT, "Number of stages.", nullable=False),
        Column("boosters", INT, "Number of side boosters.", nullable=False),
        Column("cost_per_launch_usd", BIGINT, "Price of a launch in US dollars.", nullable=False),
        Column("success_rate_pct", FLOAT, "The API's own share of successes, in percent.", nullable=False),
        Column("height_m", FLOAT, "Height in metres."),
        Column("diameter_m", FLOAT, "Diameter in metres."),
        Column("mass_kg", FLOAT, "Mass at lift-off in kilograms."),
        Column("is_active", BOOL, "Still flies.", nullable=False),
        Column("first_flight_date", DAY, "Day of the first flight.", nullable=False),
    ),
)

PLACE = (
    Column("name", TEXT, "Short name.", nullable=False),
    Column("full_name", TEXT, "Long name.", nullable=False),
    Column("status", TEXT, "active, inactive, retired, under construction, lost or unknown.", nullable=False),
    Column("locality", TEXT, "Town.", nullable=False),
    Column("region", TEXT, "State or island.", nullable=False),
    Column("latitude", FLOAT, "Degrees north.", nullable=False),
    Column("longitude", FLOAT, "Degrees east.", nullable=False),
)

LAUNCHPADS = Dataset(
    "spacex_launchpads",
    grain="one row per launchpad",
    key=("launchpad_id",),
    columns=(
        Column("launchpad_id", TEXT, "The API's id of the launchpad.", nullable=False),
        *PLACE,
        Column("timezone", TEXT, "IANA name of its time zone.", nullable=False),
        Column("launch_attempts", INT, "Launches tried from here.", nullable=False),
        Column("launch_successes", INT, "Launches that succeeded.", nullable=False),
    ),
)

LANDPADS = Dataset(
    "spacex_landpads",
    grain="one row per landpad, on land or a ship",
    key=("landpad_id",),
    columns=(
        Column("landpad_id", TEXT, "The API's id of the landpad.", nullable=False),
        *PLACE,
        Column("type", TEXT, "RTLS (on land) or ASDS (a ship).", nullable=False),
        Column("landing_attempts", INT, "Landings tried here.", nullable=False),
        Column("landing_successes", INT, "Landings that succeeded.", nullable=False),
    ),
)

PAYLOADS = Dataset(
    "spacex_payloads",
    grain="one row per payload",
    key=("payload_id",),
    columns=(
        Column("payload_id", TEXT, "The API's id of the payload.", nullable=False),
        Column("launch_id", TEXT, "The launch that carries it."),
        Column("name", TEXT, "Name."),
        Column("type", TEXT, "Satellite, Dragon 2.0 and so on."),
        Column("orbit", TEXT, "The orbit's abbreviation, such as LEO."),
        Column("regime", TEXT, "The orbit's regime, such as low-earth."),
        Column("customers", TEXTS, "Who paid.", nullable=False),
        Column("nationalities", TEXTS, "Countries it belongs to.", nullable=False),
        Column("manufacturers", TEXTS, "Who built it.", nullable=False),
        Column("mass_kg", FLOAT, "Mass in kilograms."),
        Column("is_reused", BOOL, "A capsule that has flown before.", nullable=False),
    ),
)
