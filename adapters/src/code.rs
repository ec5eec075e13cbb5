//! The codes of what the adapters find, beside those of resolving.

overlay_resolver::finding_codes! {
    BAD_BUNDLE = "bad-bundle": "a bundle that is chosen and cannot be used: it is missing, is none, or was built for another system";
    BAD_DEFINITION = "bad-definition": "a definition of an adapter that cannot be used";
    BAD_FILTER = "bad-filter": "a file that is named as a filter and is none, so its remote cannot be used";
    BAD_NAME = "bad-name": "a file name that cannot be that of an entry; a warning of one that is passed over, and that flatpak imports";
    BASELINE_LOST = "baseline-lost": "the record of what was last written to a target fails its own check, so the keys count as the owner's";
    BROKEN_KEYRING = "broken-keyring": "a keyring that cannot be read as one";
    CANNOT_ADOPT = "cannot-adopt": "an entry that was to be adopted and cannot be";
    CONFLICT = "conflict": "a key that the owner and the vendor both changed; the owner's value stays";
    CONTENDED = "contended": "a target that another program rewrote again and again while it was to be changed";
    DEFINED_TWICE = "defined-twice": "a name that is defined in two places";
    DISPLACED_FILE = "displaced-file": "a file that another program wrote in between, and that was put aside";
    DROPPED = "dropped": "a FIFO, a socket or a device, which a merge of `/etc` does not take over";
    EXPIRED_KEY = "expired-key": "a certificate that is expired or revoked; a warning where no other one is good, so that nothing can be verified";
    EXPIRING_KEY = "expiring-key": "a keyring of which no certificate is good for another 60 days";
    GIVEN_UP = "given-up": "something that was to be run, failed each time, and is not tried again";
    ID_NOT_SET = "id-not-set": "a collection ID that its remote does not get, since that has another one, or none by choice";
    ID_TWICE = "id-twice": "a collection ID from two entries";
    IN_USE = "in-use": "an entry that would go, and on which something depends";
    INEFFECTIVE = "ineffective": "a key or a group that has no effect where it stands";
    INVALID_VALUE = "invalid-value": "a value that is missing, or not what its key takes";
    LAYER_MISSING = "layer-missing": "a layer is missing, so nobody can tell what the vendor withdrew";
    MALFORMED = "malformed": "a file of the target or of what is remembered that cannot be understood";
    MISPLACED = "misplaced": "a remote that is defined in the file of another one";
    MISSING_FILTER = "missing-filter": "a filter that cannot be read, so its remote cannot be used";
    MISSING_KEY_PATH = "missing-key-path": "a path in `gpgkeypath` that does not exist";
    NO_CONFIGURATION = "no-configuration": "a repository without its configuration";
    NO_KEY = "no-key": "a remote whose signatures are verified, and that has no key";
    NOT_TOLD = "not-told": "a program that was to be told of a change, and could not be; a note where the root is not the running system's";
    OTHER_KEYRING = "other-keyring": "a keyring that is used in place of the vendor's";
    OUT_OF_SCOPE = "out-of-scope": "a target that this run may not write";
    OVERWRITTEN = "overwritten": "a key that a server refreshes, with a value of neither side's that the vendor's new one replaces";
    PRIVATE_SOURCE = "private-source": "a file that not everybody may read, of an entry whose target everybody reads";
    READ_ONLY = "read-only": "a file to be written on a read-only file system";
    RUN_FAILED = "run-failed": "something that was to be run, and failed";
    SERVERS_KEY = "servers-key": "a certificate that a server sent, that the vendor does not ship, and by which its remote is verified all the same";
    SEVERAL_REMOTES = "several-remotes": "a file that defines several remotes";
    SYMLINK = "symlink": "a file of ours that is a symlink to one elsewhere";
    UNREAD_ORIGIN = "unread-origin": "an origin of a deployment that cannot be read";
    TOO_LARGE = "too-large": "an entry or a target that would be larger than what is read back";
    UNREADABLE = "unreadable": "a file or directory that cannot be read";
    UNVERIFIED = "unverified": "signatures of an adopted remote that are not verified, and that the vendor wants verified";
    UNUSABLE = "unusable": "an entry whose files come to nothing that can be used";
    WRITE_FAILED = "write-failed": "a write that failed";
}
