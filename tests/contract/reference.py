# SPDX-License-Identifier: LGPL-2.1-or-later
"""The interface that applications are promised, typed by hand from the reference: a member may be
added to an interface, none may be renamed, retyped or dropped."""

import re

PREFIX = "org.example.BackgroundTransfer."

# NAME (arguments) -> results; NAME type [rw]; signal NAME (arguments)
TEXT = """
Manager
  CreateDownload (ssa{sv}) -> o
  CreateDownloadToFd (sha{sv}) -> o
  CreateUpload (ssa{sv}) -> o
  CreateUploadFromFd (sha{sv}) -> o
  CreateMultipartUpload (saa{sv}a{sv}) -> o
  CreateOperations (aa{sv}) -> ao
  Evaluate (a{sv}) -> bas
  CreateGroup (sa{sv}) -> o
  CreateCompletionGroup (sa{sv}) -> o
  SetDataPlan (sa{sv}) ->
  RemoveDataPlan (s) ->
  RegisterAgent (o) ->
  UnregisterAgent () ->
  Version s
  OperationLimit u
Operation
  Start () ->
  Pause () ->
  Resume () ->
  Cancel () ->
  Attach () ->
  Acknowledge () ->
  SetRequestHeader (ss) ->
  RemoveRequestHeader (s) ->
  SetServerCredential (ss) ->
  SetProxyCredential (ss) ->
  MakeCurrentInTransferGroup () ->
  GetResponseInformation () -> a{sv}
  OpenResult (t) -> h
  Guid s
  Kind s
  Status s
  RequestedUri s rw
  Method s
  CostPolicy s rw
  Priority s rw
  MaxRate t rw
  BlockedBy as
  NextAttempt x
  Group o
  CompletionGroup o
  ApplicationId s
  Uid u
  Created x
  Finished x
  BytesReceived t
  TotalBytesToReceive t
  BytesSent t
  TotalBytesToSend t
  HasRestarted b
  HasResponseChanged b
  WebErrorStatus s
  ErrorMessage s
  Metadata a{sv}
  signal Finished (s)
Download
  Destination s
  RandomAccess b rw
  RecoverableErrors as rw
  Checksum s
  GetDownloadedRanges () -> a(tt)
  RequestRange (tt) ->
  signal RangesDownloaded (ba(tt))
Upload
  Source s
Group
  Name s
  Behavior s rw
  Operations ao
  Pause () ->
  Resume () ->
  Cancel () ->
  Remove () ->
CompletionGroup
  ApplicationId s
  IsEnabled b
  Operations ao
  Enable () ->
Network
  Available b
  Connectivity s
  CostType s
  Roaming b
  ApproachingDataLimit b
  OverDataLimit b
  BackgroundDataRestricted b rw
Power
  OnBattery b
  BatteryPercentage d
  BatterySaver b
Agent
  Notify (osss) ->
  RunCompletion (osao) ->
"""

# Those that an object of this version must have.
REQUIRED = ("Manager", "Operation", "Download")

METHOD = re.compile(r"(\w+) \((.*)\) ->(?: (.+))?")
SIGNAL = re.compile(r"signal (\w+) \((.*)\)")
PROPERTY = re.compile(r"(\w+) (\S+)( rw)?")


def read_member(line):
    """((kind, name), signature): of a method (arguments, results), of a property (type, access)."""
    if match := METHOD.fullmatch(line):
        return ("method", match[1]), (match[2], match[3] or "")
    if match := SIGNAL.fullmatch(line):
        return ("signal", match[1]), match[2]
    match = PROPERTY.fullmatch(line)
    return ("property", match[1]), (match[2], "readwrite" if match[3] else "read")


def read_reference():
    """{interface: {(kind, name): signature}}"""
    interfaces = {}
    for line in TEXT.strip().splitlines():
        if line.startswith("  "):
            key, signature = read_member(line.strip())
            members[key] = signature
        else:
            members = interfaces[line] = {}
    return interfaces


REFERENCE = read_reference()


def members_of(element):
    """The same of an <interface> element."""
    def join(member, direction):
        return "".join(argument.get("type") for argument in member.findall("arg")
                       if argument.get("direction") == direction)
    members = {}
    for method in element.findall("method"):
        members["method", method.get("name")] = join(method, "in"), join(method, "out")
    for signal in element.findall("signal"):
        members["signal", signal.get("name")] = "".join(
            argument.get("type") for argument in signal.findall("arg"))
    for prop in element.findall("property"):
        members["property", prop.get("name")] = prop.get("type"), prop.get("access")
    return members


def differences(name, element):
    """What of interface @name (short) @element lacks or has otherwise."""
    members = members_of(element)
    return [f"{name}.{key[1]}: {members.get(key, 'missing')}, promised {signature}"
            for key, signature in REFERENCE[name].items() if members.get(key) != signature]
