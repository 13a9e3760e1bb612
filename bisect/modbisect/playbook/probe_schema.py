"""A probe as it stands in the playbook file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from modbisect.model import Auth, Expect, Probe, Upload
from modbisect.playbook.fields import (
    AbsolutePath,
    ConnectTo,
    CookieName,
    HeaderName,
    HeaderValue,
    Line,
    OneOrMany,
    Regex,
    Secret,
    Size,
    Time,
    Url,
)
from modbisect.playbook.units import format_size
from modbisect.playbook.validation import At, Strict

Status = Annotated[int, Field(ge=100, le=599)]
Text = Annotated[str, Field(min_length=1)]

LARGEST = 4 << 30
"""Bytes of all files together that are made on the controller's disk to be uploaded."""


def _fits_a_disk(size: int) -> int:
    if size > LARGEST:
        raise ValueError(f"must be at most {format_size(LARGEST)}; the file is made on disk here")
    return size


UploadSize = Annotated[Size, AfterValidator(_fits_a_disk)]

_METHODS = ("get", "head", "post", "put", "patch", "delete")
_WITH_BODY = ("post", "put", "patch")
_BODIES = ("body", "form", "form_secrets", "file")


class FileModel(Strict):
    """A generated file, sent as a multipart form field."""

    field: Line = Field(description="Name of the form field.")
    size: UploadSize = Field(description="Size of the file, at most 4GiB; its content is generated.")
    name: Line = Field(default="modbisect.bin", description="File name that is sent.")
    type: Line = Field(default="application/octet-stream", description="Content type that is sent.")

    def value(self) -> Upload:
        """The same as the model's word."""
        return Upload(self.field, self.size, self.name, self.type)


class ExpectModel(Strict):
    """What a correct response looks like; the rest is learned from the site as found."""

    status: OneOrMany[Status] = Field(default=[], description="Status, or a list of those that are right.")
    contains: OneOrMany[Text] = Field(default=[], description="Text, or texts, that the body must hold.")
    matches: OneOrMany[Regex] = Field(
        default=[],
        description="Regular expressions that must be found in the body; one that takes too long on it ends the run.",
    )
    absent: OneOrMany[Text] = Field(default=[], description="Text, or texts, that the body must not hold.")
    min_size: Size | None = Field(default=None, description="Smallest body that is right.")
    max_size: Size | None = Field(default=None, description="Largest body that is right.")

    @model_validator(mode="after")
    def _min_below_max(self) -> ExpectModel:
        if self.min_size and self.max_size and self.min_size > self.max_size:
            raise At("min_size", "must not be larger than max_size")
        return self

    def value(self) -> Expect:
        """The same as the model's word."""
        return Expect(
            status=frozenset(self.status),
            contains=tuple(self.contains),
            matches=tuple(self.matches),
            absent=tuple(self.absent),
            min_bytes=self.min_size or 0,
            max_bytes=self.max_size,
        )


class AuthModel(Strict):
    """HTTP authentication."""

    scheme: Literal["basic", "digest", "bearer"] = Field(default="basic", description="HTTP authentication scheme.")
    user: Line | None = Field(default=None, description="User name, for basic and digest.")
    secret: Secret = Field(
        description='Where the password or token is: "env:NAME" or "file:/PATH". It goes to the host\'s site alone: '
        "the scheme, host and port of its modbisect_base_url, and what its modbisect_secret_origins lists.",
        examples=["env:SITE_PASSWORD"],
    )

    @model_validator(mode="after")
    def _user_fits(self) -> AuthModel:
        if self.scheme == "bearer" and self.user:
            raise At("user", 'a bearer token has no user; leave "user" out')
        if self.scheme != "bearer" and not self.user:
            raise ValueError(f'needs the key "user" for the scheme "{self.scheme}"')
        return self

    def value(self) -> Auth:
        """The same as the model's word; the secret stays a reference."""
        return Auth(self.scheme, self.user or "", self.secret)


class ProbeModel(Strict):
    """One kind of request: a method with its URL, and what a correct response looks like."""

    get: Url | None = Field(default=None, description="URL to GET: a path on the site, or a whole URL.")
    head: Url | None = Field(default=None, description="URL for a HEAD request.")
    post: Url | None = Field(default=None, description="URL to POST to.")
    put: Url | None = Field(default=None, description="URL to PUT to.")
    patch: Url | None = Field(default=None, description="URL to PATCH.")
    delete: Url | None = Field(default=None, description="URL to DELETE.")
    headers: dict[HeaderName, HeaderValue] = Field(default={}, description="Headers to send.")
    cookies: dict[CookieName, HeaderValue] = Field(default={}, description="Cookies to send.")
    auth: AuthModel | None = Field(default=None, description="HTTP authentication.")
    body: str | None = Field(default=None, description="Body to send as it is.")
    form: dict[str, str] = Field(default={}, description="Form fields to send.")
    form_secrets: dict[str, Secret] = Field(
        default={},
        description='Form fields whose values are secrets, each by where it is: "env:NAME" or "file:/PATH". They go '
        "where those of auth go.",
    )
    file: FileModel | None = Field(default=None, description="Generated file to upload as a form field.")
    expect: ExpectModel = Field(default=ExpectModel(), description="What a correct response looks like.")
    concurrency: Annotated[int, Field(ge=1, le=64)] = Field(default=1, description="Requests under way at once.")
    burst: bool = Field(
        default=False,
        description='Start as many as "concurrency" says at the same moment; what counts is the slowest of each burst.',
    )
    rate: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        default=None, description="Requests a second, whatever the answers take; each is timed from when it was due."
    )
    keep_alive: bool = Field(default=False, description="Send several requests over one connection.")
    follow_redirects: bool = Field(
        default=False,
        description="Follow redirects, and measure them too. Another scheme, host or port gets a bare GET: no headers, "
        "cookies, authentication or body.",
    )
    http2: bool = Field(default=False, description="Speak HTTP/2.")
    connect_to: ConnectTo | None = Field(
        default=None,
        description='"address:port" to connect to, whatever the URL says; Host stays the URL\'s.',
    )
    verify: bool = Field(default=True, description="Check the TLS certificate.")
    ca_file: AbsolutePath | None = Field(default=None, description="CA certificates to check against, in PEM.")
    encoding: Annotated[str, Field(pattern=r"^[a-z0-9*;=., -]*$")] = Field(
        default="gzip", description="Accept-Encoding to send; empty for none."
    )
    connect_timeout: Time = Field(
        default=5.0, description="Longest that connecting may take.", json_schema_extra={"default": "5s"}
    )
    timeout: Time = Field(
        default=180.0, description="Longest that one request may take.", json_schema_extra={"default": "3m"}
    )

    @model_validator(mode="after")
    def _one_request(self) -> ProbeModel:
        given = [method for method in _METHODS if method in self.model_fields_set]
        if not given:
            raise ValueError('needs a URL; write "get: /" or "post: /upload"')
        if len(given) > 1:
            raise At(given[1], f'stands beside "{given[0]}"; make two probes of it')
        bodies = [key for key in _BODIES if key in self.model_fields_set]
        if bodies and given[0] not in _WITH_BODY:
            raise At(given[0], f'cannot carry "{bodies[0]}"; use "post"')
        if "body" in bodies and len(bodies) > 1:
            raise At("body", f'cannot stand beside "{bodies[1]}"')
        if self.burst and self.concurrency == 1:
            raise At("burst", 'is of several requests: say how many under "concurrency"')
        if self.rate and (self.burst or "concurrency" in self.model_fields_set):
            raise At("rate", 'says by itself how many are under way; it cannot stand beside "concurrency" or "burst"')
        return self

    def value(self, name: str) -> Probe:
        """The same as the model's word."""
        method = next(method for method in _METHODS if getattr(self, method) is not None)
        return Probe(
            name=name,
            url=getattr(self, method),
            method=method.upper(),
            headers=tuple(self.headers.items()),
            cookies=tuple(self.cookies.items()),
            auth=self.auth.value() if self.auth else None,
            body=self.body,
            form=tuple(self.form.items()),
            form_secrets=tuple(self.form_secrets.items()),
            upload=self.file.value() if self.file else None,
            expect=self.expect.value(),
            concurrency=self.concurrency,
            burst=self.burst,
            rate=self.rate or 0.0,
            keep_alive=self.keep_alive,
            follow_redirects=self.follow_redirects,
            http="2" if self.http2 else "1.1",
            connect_to=self.connect_to or "",
            verify=self.verify,
            ca_file=self.ca_file or "",
            encoding=self.encoding,
            connect_timeout=self.connect_timeout,
            timeout=self.timeout,
        )
