from . import access_lines
from . import test_access
from . import test_overdue
from . import test_places
from . import test_publish
from . import test_server
from . import test_subscription
from . import test_webhook
