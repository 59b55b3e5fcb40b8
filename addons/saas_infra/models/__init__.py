from . import saas_sealed_mixin
from . import saas_key_rotation
from . import saas_region
from . import saas_database_server
from . import saas_proxy
from . import saas_cluster
from . import saas_node
from . import saas_storage
