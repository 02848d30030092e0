"""An AWS account inside moto with every kind of resource that policies read.

    with Moto() as moto:            # a server on a free loopback port, ended at the end
        build(moto.url)             # resources in REGION
"""
import os
import socket
import subprocess
import sys
import time

REGION = "eu-west-1"
ACCOUNT = "123456789012"


def environment(url, **more):
    """For boto3, the AWS CLI and rdspol: nothing of the user's own configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYENV_VERSION", "PYTHONPATH")
            if name in os.environ}
    return {**kept, "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PAGER": "", **more}


class Moto:
    """`tls`: key and certificate, as files. `more`: for the server's environment."""

    def __init__(self, tls=None, **more):
        self.tls, self.more = tls, more

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"
        secure = ["-s", "-k", self.tls[0], "-c", self.tls[1]] if self.tls else []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port), *secure],
            env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false", **self.more},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError("moto did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def client(url, service):
    import boto3
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id="testing",
                        aws_secret_access_key="testing")


def network(ec2):
    """A VPC with an internet gateway, public and private subnets, open and closed groups."""
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{i}.0/24",
                                 AvailabilityZone=REGION + "ab"[i % 2])["Subnet"]["SubnetId"] for i in range(4)]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for subnet in subnets[:2]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    entries = ec2.create_managed_prefix_list(
        PrefixListName="partners", MaxEntries=5, AddressFamily="IPv4",
        Entries=[{"Cidr": "10.9.0.0/16", "Description": "office"}])["PrefixList"]["PrefixListId"]
    groups = {}
    for name in ("open", "closed", "listed"):
        groups[name] = ec2.create_security_group(GroupName=name, Description=f"a {name} <group> & \"more\"",
                                                 VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    ec2.authorize_security_group_ingress(GroupId=groups["open"], IpPermissions=[
        {**rule, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}])
    ec2.authorize_security_group_ingress(GroupId=groups["closed"], IpPermissions=[
        {**rule, "UserIdGroupPairs": [{"GroupId": groups["open"]}]}])
    ec2.authorize_security_group_ingress(GroupId=groups["listed"], IpPermissions=[
        {**rule, "PrefixListIds": [{"PrefixListId": entries}]}])
    return subnets, groups


def keys(kms):
    rotated = kms.create_key(Description="rotated")["KeyMetadata"]
    kms.enable_key_rotation(KeyId=rotated["KeyId"])
    plain = kms.create_key(Description="not rotated")["KeyMetadata"]
    dying = kms.create_key(Description="on its way out")["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=dying["KeyId"])
    kms.create_alias(AliasName="alias/databases", TargetKeyId=rotated["KeyId"])
    return [key["Arn"] for key in (rotated, plain, dying)]


def groups_of_parameters(rds):
    rds.create_db_parameter_group(DBParameterGroupName="pg16", DBParameterGroupFamily="postgres16", Description="d")
    rds.modify_db_parameter_group(DBParameterGroupName="pg16", Parameters=[
        {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"},
        {"ParameterName": "shared_preload_libraries", "ParameterValue": "pgaudit", "ApplyMethod": "pending-reboot"}])
    rds.create_db_parameter_group(DBParameterGroupName="unused", DBParameterGroupFamily="mysql8.0", Description="d")
    rds.create_db_cluster_parameter_group(DBClusterParameterGroupName="apg16",
                                          DBParameterGroupFamily="aurora-postgresql16", Description="d")
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="apg16", Parameters=[
        {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}])


def instances(rds, subnets, groups, arns, count):
    rds.create_db_subnet_group(DBSubnetGroupName="public", DBSubnetGroupDescription="d", SubnetIds=subnets[:2])
    rds.create_db_subnet_group(DBSubnetGroupName="private", DBSubnetGroupDescription="d", SubnetIds=subnets[2:])
    common = {"DBInstanceClass": "db.t3.medium", "AllocatedStorage": 20, "MasterUsername": "root"}
    secret = {"MasterUserPassword": "not-a-real-one"}
    rds.create_db_instance(
        DBInstanceIdentifier="good", Engine="postgres", EngineVersion="16.3", StorageEncrypted=True, KmsKeyId=arns[0],
        DeletionProtection=True, BackupRetentionPeriod=14, VpcSecurityGroupIds=[groups["closed"]],
        DBSubnetGroupName="private", DBParameterGroupName="pg16", PubliclyAccessible=False, Port=6543,
        EnableIAMDatabaseAuthentication=True, ManageMasterUserPassword=True, MultiAZ=True,
        EnableCloudwatchLogsExports=["postgresql", "upgrade"], CopyTagsToSnapshot=True,
        Tags=[{"Key": "team", "Value": "pay <ments> & \u00fcbung"}], **common)
    rds.create_db_instance(
        DBInstanceIdentifier="bad", Engine="mysql", EngineVersion="8.0.35", StorageEncrypted=False,
        BackupRetentionPeriod=1, VpcSecurityGroupIds=[groups["open"]], DBSubnetGroupName="public",
        PubliclyAccessible=True, **common, **secret)
    rds.create_db_instance(
        DBInstanceIdentifier="middling", Engine="postgres", EngineVersion="14.9", StorageEncrypted=True,
        KmsKeyId=arns[1], VpcSecurityGroupIds=[groups["listed"]], DBSubnetGroupName="private", **common, **secret)
    rds.create_db_instance(DBInstanceIdentifier="sql", Engine="sqlserver-se", EngineVersion="15.00",
                           LicenseModel="license-included", StorageEncrypted=True, KmsKeyId=arns[2], **common, **secret)
    for i in range(count):
        rds.create_db_instance(
            DBInstanceIdentifier=f"many-{i:04}", Engine=("postgres", "mysql", "mariadb")[i % 3],
            EngineVersion=("16.3", "8.0.35", "10.11.6")[i % 3], StorageEncrypted=i % 4 != 0,
            **({"KmsKeyId": arns[i % 2]} if i % 4 != 0 else {}), DeletionProtection=i % 2 == 0,
            DBSubnetGroupName="private", VpcSecurityGroupIds=[groups["closed"]], **common, **secret)


def clusters(rds, arns):
    common = {"MasterUsername": "root", "MasterUserPassword": "not-a-real-one"}
    rds.create_db_cluster(DBClusterIdentifier="aurora", Engine="aurora-postgresql", EngineVersion="16.1",
                          DBClusterParameterGroupName="apg16", StorageEncrypted=True, KmsKeyId=arns[0],
                          DeletionProtection=True, **common)
    for name in ("aurora-1", "aurora-2"):
        rds.create_db_instance(DBInstanceIdentifier=name, DBInstanceClass="db.r6g.large", Engine="aurora-postgresql",
                               DBClusterIdentifier="aurora")
    rds.create_db_cluster(DBClusterIdentifier="plain", Engine="aurora-mysql", EngineVersion="8.0.mysql_aurora.3.04.0",
                          **common)
    rds.create_global_cluster(GlobalClusterIdentifier="world", Engine="aurora-mysql",
                              EngineVersion="8.0.mysql_aurora.3.04.0")


def snapshots(rds):
    rds.create_db_snapshot(DBSnapshotIdentifier="shared", DBInstanceIdentifier="bad")
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="shared", AttributeName="restore", ValuesToAdd=["all"])
    rds.create_db_snapshot(DBSnapshotIdentifier="own", DBInstanceIdentifier="good")
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="partner", DBClusterIdentifier="aurora")
    rds.modify_db_cluster_snapshot_attribute(DBClusterSnapshotIdentifier="partner", AttributeName="restore",
                                             ValuesToAdd=["210987654321"])


def around(url, subnets, groups):
    """Proxies, events, secrets, backup plans."""
    rds, sns = client(url, "rds"), client(url, "sns")
    secret = client(url, "secretsmanager").create_secret(Name="proxy", SecretString="{}")["ARN"]
    for name, strict in (("tight", True), ("loose", False)):
        rds.create_db_proxy(DBProxyName=name, EngineFamily="POSTGRESQL", RequireTLS=strict, RoleArn="arn:aws:iam::123456789012:role/p",
                            VpcSubnetIds=subnets[2:], VpcSecurityGroupIds=[groups["closed"]],
                            Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret,
                                   "IAMAuth": "REQUIRED" if strict else "DISABLED"}])
    rds.register_db_proxy_targets(DBProxyName="tight", DBInstanceIdentifiers=["good"])
    topic = sns.create_topic(Name="events")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="dba@example.com")
    rds.create_event_subscription(SubscriptionName="clusters", SnsTopicArn=topic, SourceType="db-cluster",
                                  EventCategories=["maintenance", "failure"], Enabled=True)
    rds.create_event_subscription(SubscriptionName="silent", SnsTopicArn=sns.create_topic(Name="silent")["TopicArn"],
                                  SourceType="db-instance", Enabled=True)
    backup = client(url, "backup")
    backup.create_backup_vault(BackupVaultName="vault")
    backup.create_backup_plan(BackupPlan={"BackupPlanName": "daily", "Rules": [
        {"RuleName": "daily", "TargetBackupVaultName": "vault", "ScheduleExpression": "cron(0 5 * * ? *)"}]})


def build(url, count=0):
    rds = client(url, "rds")
    subnets, groups = network(client(url, "ec2"))
    arns = keys(client(url, "kms"))
    groups_of_parameters(rds)
    rds.create_option_group(OptionGroupName="options", EngineName="mysql", MajorEngineVersion="8.0",
                            OptionGroupDescription="d")
    instances(rds, subnets, groups, arns, count)
    clusters(rds, arns)
    snapshots(rds)
    around(url, subnets, groups)
