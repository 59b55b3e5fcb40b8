from . import saas_killbill_server
from . import saas_killbill_catalog
from . import saas_overdue_state
from . import saas_inquiry
from . import saas_api_billing
