"""What the integration tests share: where the program and the maker of fleets are."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # the exit status by which ctest knows a skipped test


def find_program():
    """$RDSPOL, or what was built here; None if there is none."""
    places = [os.environ.get("RDSPOL")] + [str(ROOT / "build" / p / "rdspol") for p in ("release", "dev")]
    return next((os.path.abspath(p) for p in places if p and os.access(p, os.X_OK)), None)


def find_maker():
    """make-fleet of $RDSPOL_SHARED or of the folder beside the project; None if it is not there."""
    path = pathlib.Path(os.environ.get("RDSPOL_SHARED", ROOT.parent / "shared")) / "tools" / "make-fleet"
    return str(path) if path.exists() else None
