"""Start moto, with what version 5.2.5 lacks or forgets of the calls that Terraform makes.

Run by path with the interpreter of `.venv-infra`; it imports the standard library and moto only.
Stock moto hangs Terraform (an action that is not there answers 500, which the provider tries again
for minutes) or reports a difference at each plan (it takes a value and does not give it back).
Every function below mends one such thing, so a clean re-plan proves our configuration *and* these
patches; what AWS itself does, only an account can show. Each says what it mends.
"""

import json
import sys
from copy import deepcopy
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.core.responses import ActionResult
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.monitoring import Monitoring
from moto.iam.access_control import PermissionResult
from moto.rds.models import DBParameterGroup, RDSBackend
from moto.s3.models import FakeBucket
from moto.secretsmanager.responses import SecretsManagerResponse
from moto.server import main as serve
from moto.sqs import models as sqs
from moto.ssm.responses import SimpleSystemManagerResponse


def monitor_instances() -> None:
    """EC2 MonitorInstances: is not there. Detailed monitoring is switched on after the start."""

    def monitor(self: Any) -> ActionResult:
        wanted = self._get_param("InstanceIds", [])
        for instance in self.ec2_backend.get_multi_instances_by_id(wanted):
            instance.monitoring_state = "enabled"
        states = [{"InstanceId": name, "Monitoring": {"State": "enabled"}} for name in wanted]
        return ActionResult({"InstanceMonitorings": states})

    Monitoring.monitor_instances = monitor


def rule_descriptions() -> None:
    """EC2: the description of a rule that names a group instead of a range is not given back."""
    SecurityGroupRule.description = property(
        lambda self: {**self.source_group, **self.ip_range}.get("Description")
    )


def template_tags() -> None:
    """EC2: a launch template's own tags come back as tags for what is launched from it."""
    real_version = LaunchTemplateVersion.__init__

    def version(self: Any, template: Any, number: int, data: Any, description: str) -> None:
        if "TagSpecifications" in data:
            kept = [
                item
                for item in data["TagSpecifications"]
                if item.get("ResourceType") != "launch-template"
            ]
            data = {**data, "TagSpecifications": kept}
        real_version(self, template, number, data, description)

    LaunchTemplateVersion.__init__ = version


def budgets() -> None:
    """Budgets: the subscribers of a notification and the tags can't be read."""
    tags: dict[str, Any] = {}
    real = BudgetsResponse.create_budget

    def create(self: Any) -> str:
        tags[self._get_param("Budget")["BudgetName"]] = self._get_param("ResourceTags", [])
        return str(real(self))

    def subscribers(self: Any) -> str:
        found = self.backend.budgets[self._get_param("AccountId")]
        wanted = self._get_param("Notification")
        keys = ("NotificationType", "ComparisonOperator", "Threshold")
        for notification in found[self._get_param("BudgetName")].notifications:
            if all(notification.details.get(key) == wanted.get(key) for key in keys):
                return json.dumps({"Subscribers": notification.subscribers})
        return json.dumps({"Subscribers": []})

    def list_tags(self: Any) -> str:
        name = self._get_param("ResourceARN").rpartition("/")[2]
        return json.dumps({"ResourceTags": tags.get(name, [])})

    BudgetsResponse.create_budget = create
    BudgetsResponse.describe_subscribers_for_notification = subscribers
    BudgetsResponse.list_tags_for_resource = list_tags


def queue_policies() -> None:
    """SQS: RedriveAllowPolicy is not known; RedrivePolicy comes back with other white space."""
    queue = sqs.Queue
    queue.BASE_ATTRIBUTES = [*queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    queue.redrive_allow_policy = None
    real = queue.attributes.fget

    def attributes(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = real(self)
        if not found.get("RedriveAllowPolicy"):
            found.pop("RedriveAllowPolicy", None)
        if found.get("RedrivePolicy"):
            policy = json.loads(found["RedrivePolicy"])
            found["RedrivePolicy"] = json.dumps(policy, separators=(",", ":"))
        return found

    queue.attributes = property(attributes)


def database_settings() -> None:
    """RDS: parameters that a user set are not marked as such; Performance Insights is forgotten."""
    real_update = DBParameterGroup.update_parameters
    real_create = RDSBackend.create_db_instance

    def update(self: Any, parameters: Any) -> None:
        real_update(self, [{**parameter, "Source": "user"} for parameter in parameters])

    def create(self: Any, values: Any) -> Any:
        database = real_create(self, values)
        wanted = bool(values.get("EnablePerformanceInsights", False))
        database.performance_insights_enabled = wanted
        return database

    DBParameterGroup.update_parameters = update
    RDSBackend.create_db_instance = create


def groups_of_workers() -> None:
    """Auto Scaling: the warm-up is forgotten; an update wipes the mixed instances policy."""
    real_create = AutoScalingResponse.create_auto_scaling_group
    real_update = FakeAutoScalingGroup.update

    def create(self: Any) -> Any:
        answer = real_create(self)
        group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
        group.default_instance_warmup = self._get_int_param("DefaultInstanceWarmup")
        return answer

    def update(self: Any, *args: Any, **values: Any) -> None:
        kept = deepcopy(self.mixed_instances_policy)
        if kept and not values.get("mixed_instances_policy"):
            # moto adds the template's name to its id, and then refuses to be given both.
            kept["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
            values["mixed_instances_policy"] = kept
        real_update(self, *args, **values)

    AutoScalingResponse.create_auto_scaling_group = create
    FakeAutoScalingGroup.update = update


def scaling_policies() -> None:
    """Auto Scaling: a policy is not said to be enabled, and has an empty predictive part."""
    real = FakeScalingPolicy.__init__

    def make(self: Any, *args: Any, **values: Any) -> None:
        real(self, *args, **values)
        self.enabled = True
        self.predictive_scaling_configuration = self.predictive_scaling_configuration or None

    FakeScalingPolicy.__init__ = make


def instance_refreshes() -> None:
    """Auto Scaling: refreshes of instances are not there. Here they end at once."""
    refreshes: dict[str, dict[str, Any]] = {}

    def start(self: Any) -> ActionResult:
        name = f"refresh-{len(refreshes) + 1}"
        refreshes[name] = {
            "InstanceRefreshId": name,
            "AutoScalingGroupName": self._get_param("AutoScalingGroupName"),
            "Status": "Successful",
            "PercentageComplete": 100,
        }
        return ActionResult({"InstanceRefreshId": name})

    def describe(self: Any) -> ActionResult:
        wanted = self._get_param("InstanceRefreshIds", [])
        return ActionResult({"InstanceRefreshes": [refreshes[name] for name in wanted]})

    AutoScalingResponse.start_instance_refresh = start
    AutoScalingResponse.describe_instance_refreshes = describe


def resources() -> None:
    """IAM: for these services, policies that name a resource never match."""

    def parameter(self: Any) -> str:
        name = self._get_param("Name")
        return f"arn:aws:ssm:{self.region}:{self.current_account}:parameter{name}" if name else "*"

    def secret(self: Any) -> str:
        return str(self._get_param("SecretId") or "*")

    def group(self: Any) -> str:
        groups = self.autoscaling_backend.autoscaling_groups
        found = groups.get(self._get_param("AutoScalingGroupName"))
        return str(found.arn) if found else "*"

    SimpleSystemManagerResponse._determine_resource = parameter
    SecretsManagerResponse._determine_resource = secret
    AutoScalingResponse._determine_resource = group


def plain_http() -> None:
    """S3: a bucket policy's conditions are not looked at: "no plain HTTP" would refuse all.

    This moto is spoken to over plain HTTP, and such a statement is left out of what it decides by.
    """
    real = FakeBucket.get_permission

    def permission(self: Any, action: str, resource: str) -> Any:
        policy = json.loads(self.policy) if self.policy else {"Statement": []}
        statements = [item for item in policy["Statement"] if not _about_transport(item)]
        if not statements:
            return PermissionResult.NEUTRAL
        kept, self.policy = self.policy, json.dumps({**policy, "Statement": statements}).encode()
        try:
            return real(self, action, resource)
        finally:
            self.policy = kept

    FakeBucket.get_permission = permission


def _about_transport(statement: dict[str, Any]) -> bool:
    conditions = statement.get("Condition", {}).values()
    return any("aws:SecureTransport" in names for names in conditions)


PATCHES = (
    plain_http,
    monitor_instances,
    rule_descriptions,
    template_tags,
    budgets,
    queue_policies,
    database_settings,
    groups_of_workers,
    scaling_policies,
    instance_refreshes,
    resources,
)


def main() -> None:
    """Patch and serve, with the arguments of moto_server."""
    for patch in PATCHES:
        patch()
    serve(sys.argv[1:])


if __name__ == "__main__":
    main()
