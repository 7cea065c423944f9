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

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s

    def to_dict(self) -> dict[str, str | bool | float]:
        """Give the error object that every lane carries (PROTOCOL.md, section 2)."""
        hint = {} if self.retry_after_s is None else {"retry_after_s": self.retry_after_s}
        return {"code": self.code, "message": self.message, "retryable": self.retryable, **hint}


class PinWrongError(HushboxError):
    """The PIN is not the one the box shows, or was used already."""

    code = "pin_wrong"
    http_status = 403


class PinLockedError(HushboxError):
    """Too many wrong PINs: wait before the next try."""

    code = "pin_locked"
    http_status = 429
    retryable = True


class TokenMissingError(HushboxError):
    """No token where one is needed."""

    code = "token_missing"
    http_status = 401


class TokenInvalidError(HushboxError):
    """The token is malformed, forged, or from another issuer, audience or algorithm."""

    code = "token_invalid"
    http_status = 401


class TokenExpiredError(HushboxError):
    """The token is past its deadline."""

    code = "token_expired"
    http_status = 401


class TokenRevokedError(HushboxError):
    """The owner has taken the token back, or the invitation that it came from."""

    code = "token_revoked"
    http_status = 401


class InvitationInvalidError(HushboxError):
    """The invitation is unknown, expired, used up or revoked."""

    code = "invitation_invalid"
    http_status = 403


class RoleForbiddenError(HushboxError):
    """The token's role may not do this."""

    code = "role_forbidden"
    http_status = 403


class BadRequestError(HushboxError):
    """A field is missing, of the wrong type or out of range; the message names it."""

    code = "bad_request"
    http_status = 400


class UnknownEventError(HushboxError):
    """There is no such Socket.IO event."""

    code = "unknown_event"
    http_status = 400


class UnsupportedRateError(HushboxError):
    """The sample rate is not one that live streams may have."""

    code = "unsupported_rate"
    http_status = 400


class PacketMalformedError(HushboxError):
    """The packet's header is too short, or of the wrong version or kind."""

    code = "packet_malformed"
    http_status = 400


class PacketWrongSizeError(HushboxError):
    """The packet's payload is not the agreed number of samples."""

    code = "packet_wrong_size"
    http_status = 400


class SequenceWrongError(HushboxError):
    """The packet's sequence number was repeated or goes backwards."""

    code = "sequence_wrong"
    http_status = 400


class NoStreamError(HushboxError):
    """Audio or control arrived without a started stream."""

    code = "no_stream"
    http_status = 409


class StreamExistsError(HushboxError):
    """A stream runs already on this session."""

    code = "stream_exists"
    http_status = 409


class TooManyStreamsError(HushboxError):
    """The box is full."""

    code = "too_many_streams"
    http_status = 503
    retryable = True


class OverrunError(HushboxError):
    """Audio arrives faster than it can be taken; what did not fit was dropped."""

    code = "overrun"
    http_status = 429
    retryable = True


class OverloadedError(HushboxError):
    """Frames missed their deadline: some answers are dry audio."""

    code = "overloaded"
    http_status = 503
    retryable = True


class ClientTooSlowError(HushboxError):
    """The client does not take its answers."""

    code = "client_too_slow"
    http_status = 408
    retryable = True


class ResumeFailedError(HushboxError):
    """There is no such stream to go on with."""

    code = "resume_failed"
    http_status = 410


class TicketInvalidError(HushboxError):
    """The ticket is unknown, used or too old."""

    code = "ticket_invalid"
    http_status = 401


class FileEmptyError(HushboxError):
    """The file holds no audio."""

    code = "file_empty"
    http_status = 400


class FileUnreadableError(HushboxError):
    """The file is not audio that can be decoded."""

    code = "file_unreadable"
    http_status = 400


class FileTooLargeError(HushboxError):
    """The file has more bytes than allowed."""

    code = "file_too_large"
    http_status = 413


class FileTooLongError(HushboxError):
    """The file plays longer than allowed."""

    code = "file_too_long"
    http_status = 413


class FileTypeRefusedError(HushboxError):
    """The name or the first bytes of an upload are not those of an audio file."""

    code = "file_type_refused"
    http_status = 415


class ChunkOutOfPlaceError(HushboxError):
    """A chunk does not begin where the upload stands."""

    code = "chunk_out_of_place"
    http_status = 409
    retryable = True

    def __init__(self, message: str, received_bytes: int) -> None:
        super().__init__(message)
        self.received_bytes = received_bytes


class JobNotReadyError(HushboxError):
    """The job is not in a state in which this can be done."""

    code = "job_not_ready"
    http_status = 409
    retryable = True


class TooManyJobsError(HushboxError):
    """This device, or the box, has as many jobs as it may."""

    code = "too_many_jobs"
    http_status = 429
    retryable = True


class DiskFullError(HushboxError):
    """The box has no room left for files."""

    code = "disk_full"
    http_status = 507
    retryable = True


class RoomFullError(HushboxError):
    """The room, or the box, has as many people or rooms as it may."""

    code = "room_full"
    http_status = 503
    retryable = True


class RoomBusyError(HushboxError):
    """Someone else speaks in the room."""

    code = "room_busy"
    http_status = 409
    retryable = True


class NotInRoomError(HushboxError):
    """Nobody can do this without being in a room."""

    code = "not_in_room"
    http_status = 409


class TooFastError(HushboxError):
    """More requests or messages than a person makes."""

    code = "too_fast"
    http_status = 429
    retryable = True


class SessionEndedError(HushboxError):
    """The owner has ended this session."""

    code = "session_ended"
    http_status = 403


class NotFoundError(HushboxError):
    """There is no such path, job, room, session or invitation."""

    code = "not_found"
    http_status = 404


class EngineFailedError(HushboxError):
    """The model could not be run."""

    code = "engine_failed"
    retryable = True


class ServerStoppingError(HushboxError):
    """The box is shutting down."""

    code = "server_stopping"
    http_status = 503
    retryable = True


class InternalError(HushboxError):
    """A defect; the box's log has the details."""

    code = "internal"


class ModelMissingError(HushboxError):
    """A model file or its manifest is not where it should be."""

    code = "model_missing"


class ModelHashWrongError(HushboxError):
    """The model file is not the one its manifest describes."""

    code = "model_hash_wrong"


class ModelMetadataWrongError(HushboxError):
    """The model's metadata or tensors break the model contract."""

    code = "model_metadata_wrong"


class OutputUnwritableError(HushboxError):
    """The output cannot be written, or not without destroying or mixing up files."""

    code = "output_unwritable"
    http_status = 409


class AddressTakenError(HushboxError):
    """An address or port cannot be listened on."""

    code = "address_taken"
    retryable = True


class DataFolderError(HushboxError):
    """The folder for keys and certificates cannot be used."""

    code = "data_folder"
