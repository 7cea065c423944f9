"""Every error of the service: one root, stable codes, a sentence for a person."""

from typing import ClassVar


class HushboxError(Exception):
    """An error that may be shown to a user.

    `code` is stable, `http_status` is its status over HTTP (and the nearest one for errors that only occur on
    other lanes), `retryable` says whether the same call may succeed later.
    """

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init_subclass__(
        cls, code: str | None = None, http_status: int | None = None, retryable: bool | None = None
    ) -> None:
        cls.code = code or cls.code
        cls.http_status = http_status or cls.http_status
        cls.retryable = cls.retryable if retryable is None else retryable

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s

    def to_dict(self) -> dict[str, str | bool | float]:
        """Give the error object that every lane carries (PROTOCOL.md, section 2)."""
        hint = {} if self.retry_after_s is None else {"retry_after_s": self.retry_after_s}
        return {"code": self.code, "message": self.message, "retryable": self.retryable, **hint}


class PinWrongError(HushboxError, code="pin_wrong", http_status=403):
    """The PIN is not the one the box shows, or was used already."""


class PinLockedError(HushboxError, code="pin_locked", http_status=429, retryable=True):
    """Too many wrong PINs: wait before the next try."""


class TokenMissingError(HushboxError, code="token_missing", http_status=401):
    """No token where one is needed."""


class TokenInvalidError(HushboxError, code="token_invalid", http_status=401):
    """The token is malformed, forged, or from another issuer, audience or algorithm."""


class TokenExpiredError(HushboxError, code="token_expired", http_status=401):
    """The token is past its deadline."""


class TokenRevokedError(HushboxError, code="token_revoked", http_status=401):
    """The owner has taken the token back, or the invitation that it came from."""


class InvitationInvalidError(HushboxError, code="invitation_invalid", http_status=403):
    """The invitation is unknown, expired, used up or revoked."""


class RoleForbiddenError(HushboxError, code="role_forbidden", http_status=403):
    """The token's role may not do this."""


class BadRequestError(HushboxError, code="bad_request", http_status=400):
    """A field is missing, of the wrong type or out of range; the message names it."""


class UnknownEventError(HushboxError, code="unknown_event", http_status=400):
    """There is no such Socket.IO event."""


class UnsupportedRateError(HushboxError, code="unsupported_rate", http_status=400):
    """The sample rate is not one that live streams may have."""


class PacketMalformedError(HushboxError, code="packet_malformed", http_status=400):
    """The packet's header is too short, or of the wrong version or kind."""


class PacketWrongSizeError(HushboxError, code="packet_wrong_size", http_status=400):
    """The packet's payload is not the agreed number of samples."""


class SequenceWrongError(HushboxError, code="sequence_wrong", http_status=400):
    """The packet's sequence number was repeated or goes backwards."""


class NoStreamError(HushboxError, code="no_stream", http_status=409):
    """Audio or control arrived without a started stream."""


class StreamExistsError(HushboxError, code="stream_exists", http_status=409):
    """A stream runs already on this session."""


class TooManyStreamsError(HushboxError, code="too_many_streams", http_status=503, retryable=True):
    """The box is full."""


class OverrunError(HushboxError, code="overrun", http_status=429, retryable=True):
    """Audio arrives faster than it can be taken; what did not fit was dropped."""


class OverloadedError(HushboxError, code="overloaded", http_status=503, retryable=True):
    """Frames missed their deadline: some answers are dry audio."""


class ClientTooSlowError(HushboxError, code="client_too_slow", http_status=408, retryable=True):
    """The client does not take its answers."""


class ResumeFailedError(HushboxError, code="resume_failed", http_status=410):
    """There is no such stream to go on with."""


class TicketInvalidError(HushboxError, code="ticket_invalid", http_status=401):
    """The ticket is unknown, used or too old."""


class FileEmptyError(HushboxError, code="file_empty", http_status=400):
    """The file holds no audio."""


class FileUnreadableError(HushboxError, code="file_unreadable", http_status=400):
    """The file is not audio that can be decoded."""


class FileTooLargeError(HushboxError, code="file_too_large", http_status=413):
    """The file has more bytes than allowed."""


class FileTooLongError(HushboxError, code="file_too_long", http_status=413):
    """The file plays longer than allowed."""


class FileTypeRefusedError(HushboxError, code="file_type_refused", http_status=415):
    """The name or the first bytes of an upload are not those of an audio file."""


class ChunkOutOfPlaceError(HushboxError, code="chunk_out_of_place", http_status=409, retryable=True):
    """A chunk does not begin where the upload stands."""

    def __init__(self, message: str, received_bytes: int) -> None:
        super().__init__(message)
        self.received_bytes = received_bytes


class JobNotReadyError(HushboxError, code="job_not_ready", http_status=409, retryable=True):
    """The job is not in a state in which this can be done."""


class TooManyJobsError(HushboxError, code="too_many_jobs", http_status=429, retryable=True):
    """This device, or the box, has as many jobs as it may."""


class DiskFullError(HushboxError, code="disk_full", http_status=507, retryable=True):
    """The box has no room left for files."""


class RoomFullError(HushboxError, code="room_full", http_status=503, retryable=True):
    """The room, or the box, has as many people or rooms as it may."""


class RoomBusyError(HushboxError, code="room_busy", http_status=409, retryable=True):
    """Someone else speaks in the room."""


class NotInRoomError(HushboxError, code="not_in_room", http_status=409):
    """Nobody can do this without being in a room."""


class TooFastError(HushboxError, code="too_fast", http_status=429, retryable=True):
    """More requests or messages than a person makes."""


class SessionEndedError(HushboxError, code="session_ended", http_status=403):
    """The owner has ended this session."""


class NotFoundError(HushboxError, code="not_found", http_status=404):
    """There is no such path, job, room, session or invitation."""


class EngineFailedError(HushboxError, code="engine_failed", retryable=True):
    """The model could not be run."""


class ServerStoppingError(HushboxError, code="server_stopping", http_status=503, retryable=True):
    """The box is shutting down."""


class InternalError(HushboxError, code="internal"):
    """A defect; the box's log has the details."""


class ModelMissingError(HushboxError, code="model_missing"):
    """A model file or its manifest is not where it should be."""


class ModelHashWrongError(HushboxError, code="model_hash_wrong"):
    """The model file is not the one its manifest describes."""


class ModelMetadataWrongError(HushboxError, code="model_metadata_wrong"):
    """The model's metadata or tensors break the model contract."""


class BoxUntrustedError(HushboxError, code="box_untrusted"):
    """The certificate of a box is none that this machine trusts."""


class OutputUnwritableError(HushboxError, code="output_unwritable", http_status=409):
    """The output cannot be written, or not without destroying or mixing up files."""


class AddressTakenError(HushboxError, code="address_taken", retryable=True):
    """An address or port cannot be listened on."""


class DataFolderError(HushboxError, code="data_folder"):
    """The folder for keys and certificates cannot be used."""
