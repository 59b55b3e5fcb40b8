from . import test_sealing
from . import test_platform_key
from . import test_settings
from . import test_infrastructure
from . import test_places
