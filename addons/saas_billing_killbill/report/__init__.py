from . import saas_revenue_report
from . import saas_trial_report
from . import saas_receivable_report
from . import saas_plan_report
