"""The server of moto in this process, with the operations of ECR, ECS and Inspector that moto lacks."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]  # it ships no types
from moto.core.responses import ActionResult, BaseResponse
from moto.ecr.responses import ECRResponse
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.inspector2 import urls
from moto.inspector2.responses import Inspector2Response
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.organizations.responses import OrganizationsResponse

from tests.cli.aws.cloud import ACCOUNT, REGION, Cloud, Refusal, arn_of

Answer = Callable[[Any], ActionResult]


@contextlib.contextmanager
def running_server() -> Iterator[Cloud]:
    """Yield an account for as long as the server runs."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger("werkzeug"), "level", logging.ERROR)  # every request is a line otherwise
        patch.setitem(urls.url_paths, "{0}/coverage/list$", Inspector2Response.dispatch)
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield Cloud(f"http://{host}:{port}")
        finally:
            server.stop()
            assert server._server is not None
            server._server.server_close()  # moto closes it at the end of the process only


def answer(cloud: Cloud, patch: pytest.MonkeyPatch) -> None:
    """
    Empty an account, and replace answers of moto by those of the account.

    The answers of moto are those of the process. Other tests of the process use them, too.
    """
    clear(cloud)
    patch.setattr(BaseResponse, "call_action", _received(cloud, BaseResponse.call_action))
    for kind, answers in (
        (ECRResponse, (*_repositories(cloud), *_previews(cloud), *_scans(cloud))),
        (Inspector2Response, _coverage(cloud)),
        (EC2ContainerServiceResponse, _containers(cloud)),
        (OrganizationsResponse, _organization(cloud)),
    ):
        for each in answers:
            patch.setattr(kind, each.__name__, each, raising=False)
    _answer_app_runner(cloud, patch)


def clear(cloud: Cloud) -> None:
    """Remove the content of an account, and that of moto."""
    cloud.clear()
    moto_api_backend.reset()


def _answer_app_runner(cloud: Cloud, patch: pytest.MonkeyPatch) -> None:
    """Answer the calls to AWS App Runner, which moto does not have, between botocore and the connection."""
    make = boto3.Session.client

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].rpartition(b".")[2].decode()
        try:
            cloud.receive(f"AppRunner.{operation}", None)
            status, content = 200, _app_runner(cloud, operation, json.loads(request.body))
        except Refusal as refusal:
            status, content = 400, {"__type": refusal.code, "message": refusal.message}
        raw = BytesIO(json.dumps(content).encode())
        raw.stream = lambda **_: iter([raw.read()])  # type: ignore[attr-defined]  # as urllib3 has it
        return AWSResponse(request.url, status, {}, raw)

    def client(self: boto3.Session, name: str, **settings: Any) -> Any:
        made = make(self, name, **settings)
        if name == "apprunner":
            made.meta.events.register("before-send.apprunner", send)
        return made

    patch.setattr(boto3.Session, "client", client)


def _app_runner(cloud: Cloud, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    prefix = f"arn:aws:apprunner:{REGION}:{ACCOUNT}:service/"
    if operation == "ListServices":
        names, start = sorted(cloud.app_runner), int(asked.get("NextToken", 0))
        end = start + asked["MaxResults"]
        found = [{"ServiceArn": f"{prefix}{name}/{name:x<32}", "ServiceName": name} for name in names[start:end]]
        return {"ServiceSummaryList": found} | ({"NextToken": str(end)} if end < len(names) else {})
    name = asked["ServiceArn"].split("/")[1]
    if name not in cloud.app_runner:
        raise Refusal("ResourceNotFoundException", "The service does not exist")
    image = {"ImageIdentifier": cloud.app_runner[name], "ImageRepositoryType": "ECR"}
    return {"Service": {"ServiceArn": asked["ServiceArn"], "SourceConfiguration": {"ImageRepository": image}}}


def _received(cloud: Cloud, call_action: Callable[[BaseResponse], Any]) -> Callable[[BaseResponse], Any]:
    def received(self: BaseResponse) -> Any:
        try:
            cloud.place = (self.current_account, self.region)
            subject = self._get_param("repositoryName") or self._get_param("RoleArn")
            cloud.receive(self._get_action(), subject)
            return call_action(self)
        except Refusal as refusal:
            return _refused(self, refusal)

    return received


def _refused(response: BaseResponse, refusal: Refusal) -> tuple[int, dict[str, Any], str]:
    """Return an error as a service returns it, including errors that its model does not have."""
    if response.service_name == "sts":
        error = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
        return 400, {}, f"<ErrorResponse>{error}</ErrorResponse>"
    return 400, {"x-amzn-errortype": refusal.code}, json.dumps({"__type": refusal.code, "message": refusal.message})


def _page(response: BaseResponse, member: str, entries: Sequence[Any], most: int, **more: Any) -> ActionResult:
    """Return a page of at most the number of entries that the API allows."""
    asked = int(response._get_param("maxResults") or most)
    if asked > most:
        raise Refusal("InvalidParameterException", f"maxResults {asked} is more than {most}")
    start = int(response._get_param("nextToken") or 0)
    end = start + asked
    token = {"nextToken": str(end)} if end < len(entries) else {}
    return ActionResult({member: list(entries[start:end]), **token, **more})


def _few(response: BaseResponse, name: str, most: int) -> list[Any]:
    """Return a list of a request, or raise if it is longer than the API allows."""
    entries: list[Any] = response._get_param(name)
    if len(entries) > most:
        raise Refusal("InvalidParameterException", f"{len(entries)} {name} are more than {most}")
    return entries


def _tagged(images: list[dict[str, Any]], wanted: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the images with a tag that is asked for; all images if none is."""
    tags = {each["imageTag"] for each in wanted}
    found = [each for each in images if not tags or tags & {*each.get("imageTags", ())}]
    if tags and not found:
        raise Refusal("ImageNotFoundException", "The image requested does not exist")
    return found


def _repositories(cloud: Cloud) -> tuple[Answer, ...]:
    def describe_repositories(self: ECRResponse) -> ActionResult:
        described = [
            {"repositoryName": name, "repositoryArn": arn_of(name), **stored.mutability}
            for name, stored in cloud.here.items()
        ]
        return _page(self, "repositories", described, 1_000)

    def describe_images(self: ECRResponse) -> ActionResult:
        images = cloud.stored(self._get_param("repositoryName")).images
        images = _tagged(images, self._get_param("imageIds") or ())
        status = (self._get_param("filter") or {}).get("imageStatus", "ACTIVE")
        return _page(self, "imageDetails", [one for one in images if status in {"ANY", one["imageStatus"]}], 1_000)

    def batch_get_image(self: ECRResponse) -> ActionResult:
        stored = cloud.stored(self._get_param("repositoryName"))
        asked = [wanted["imageDigest"] for wanted in _few(self, "imageIds", 100)]
        stored.pull(asked)
        given = [one for one in asked if one in stored.manifests]
        images = [{"imageId": {"imageDigest": one}, "imageManifest": stored.manifests[one]} for one in given]
        missing = [one for one in asked if one not in stored.manifests]
        failures = [{"imageId": {"imageDigest": one}, "failureCode": "ImageNotFound"} for one in missing]
        return ActionResult({"images": images, "failures": failures})

    def get_lifecycle_policy(self: ECRResponse) -> ActionResult:
        policy = cloud.stored(self._get_param("repositoryName")).policy
        if policy is None:
            raise Refusal("LifecyclePolicyNotFoundException", "Lifecycle policy does not exist")
        return ActionResult({"lifecyclePolicyText": policy})

    def list_tags_for_resource(self: ECRResponse) -> ActionResult:
        tags = cloud.stored(self._get_param("resourceArn").partition(":repository/")[2]).tags
        return ActionResult({"tags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def update_image_storage_class(self: ECRResponse) -> ActionResult:
        stored = cloud.stored(self._get_param("repositoryName"))
        asked, target = self._get_param("imageId")["imageDigest"], self._get_param("targetStorageClass")
        for one in stored.images:
            if one["imageDigest"] == asked:
                one["imageStatus"] = {"STANDARD": "ACTIVATING", "ARCHIVE": "ARCHIVED"}[target]
                return ActionResult({"imageStatus": one["imageStatus"]})
        raise Refusal("ImageNotFoundException", "The image does not exist")

    return (
        describe_repositories,
        describe_images,
        batch_get_image,
        get_lifecycle_policy,
        list_tags_for_resource,
        update_image_storage_class,
    )


def _scans(cloud: Cloud) -> tuple[Answer, ...]:
    def describe_image_scan_findings(self: ECRResponse) -> ActionResult:
        name, asked = self._get_param("repositoryName"), self._get_param("imageId")["imageDigest"]
        scan = cloud.stored(name).scans.get(asked)
        if scan is None:
            raise Refusal("ScanNotFoundException", f"Image scan does not exist for the image with '{asked}'")
        return ActionResult({"repositoryName": name, "imageId": {"imageDigest": asked}, **scan})

    return (describe_image_scan_findings,)


def _previews(cloud: Cloud) -> tuple[Answer, ...]:
    def start_lifecycle_policy_preview(self: ECRResponse) -> ActionResult:
        text, stored = self._get_param("lifecyclePolicyText"), cloud.stored(self._get_param("repositoryName"))
        try:
            json.loads(text)
        except ValueError:
            raise Refusal("InvalidParameterException", "Invalid parameter at 'LifecyclePolicyText'") from None
        stored.start_preview(text)
        return ActionResult({"status": "IN_PROGRESS", "lifecyclePolicyText": text})

    def get_lifecycle_policy_preview(self: ECRResponse) -> ActionResult:
        running = cloud.stored(self._get_param("repositoryName")).running
        if running is None:
            raise Refusal("LifecyclePolicyPreviewNotFoundException", "There is no preview of this repository")
        status = "COMPLETE" if self._get_param("nextToken") else running.look()
        results = running.results if status == "COMPLETE" else ()
        return _page(self, "previewResults", results, 100, status=status, lifecyclePolicyText=running.laid_out)

    return start_lifecycle_policy_preview, get_lifecycle_policy_preview


def _coverage(cloud: Cloud) -> tuple[Answer, ...]:
    def list_coverage(self: Inspector2Response) -> ActionResult:
        criteria = self._get_param("filterCriteria")
        [account], [least] = criteria["accountId"], criteria["ecrImageInUseCount"]
        covered = (one for one in cloud.covered if one["accountId"] == account["value"])
        counted = [
            one for one in covered if one["resourceMetadata"]["ecrImage"]["inUseCount"] >= least["lowerInclusive"]
        ]
        return _page(self, "coveredResources", counted, 200)

    return (list_coverage,)


def _organization(cloud: Cloud) -> tuple[Answer, ...]:
    def list_accounts(self: OrganizationsResponse) -> ActionResult:
        start = int(self._get_param("NextToken") or 0)
        end = start + self._get_param("MaxResults")
        assert end - start <= 20
        token = {"NextToken": str(end)} if end < len(cloud.organization) else {}
        return ActionResult({"Accounts": cloud.organization[start:end], **token})

    return (list_accounts,)


def _containers(cloud: Cloud) -> tuple[Answer, ...]:
    describe = EC2ContainerServiceResponse.describe_services

    def list_clusters(self: EC2ContainerServiceResponse) -> ActionResult:
        return _page(self, "clusterArns", self.ecs_backend.list_clusters(), 100)

    def list_services(self: EC2ContainerServiceResponse) -> ActionResult:
        return _page(self, "serviceArns", self.ecs_backend.list_services(self._get_param("cluster"), None), 100)

    def describe_services(self: EC2ContainerServiceResponse) -> ActionResult:
        _few(self, "services", 10)
        return describe(self)

    def list_tasks(self: EC2ContainerServiceResponse) -> ActionResult:
        tasks = cloud.tasks.get(self._get_param("cluster").rpartition("/")[2], [])
        return _page(self, "taskArns", [task["taskArn"] for task in tasks], 100)

    def describe_tasks(self: EC2ContainerServiceResponse) -> ActionResult:
        asked = _few(self, "tasks", 100)
        tasks = cloud.tasks.get(self._get_param("cluster").rpartition("/")[2], [])
        return ActionResult({"tasks": [task for task in tasks if task["taskArn"] in asked]})

    return list_clusters, list_services, describe_services, list_tasks, describe_tasks
