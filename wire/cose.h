/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of every message that crosses a trust boundary offline: a tagged
 * COSE_Sign1 (RFC 9052), ES256, the header protected, the payload attached.
 *
 * This file builds and takes apart bytes. It never signs and never verifies: a
 * message is made by
 *	encode the payload -> bsg_cose_header_encode() -> bsg_cose_sig_structure()
 *	-> crypto/ signs those bytes -> bsg_cose_assemble()
 * and read by bsg_cose_parse() -> bsg_cose_sig_structure() -> crypto/ verifies
 * -> only then decode the payload. Rules W10..W19 of docs/spec/messages.md.
 */
#ifndef BSG_WIRE_COSE_H
#define BSG_WIRE_COSE_H

#include <bosaga/error.h>
#include <bosaga/slice.h>

#define BSG_COSE_SIGNATURE_LEN 64	/* ES256: r || s, 32 bytes each, big-endian */
#define BSG_COSE_CHAIN_MAX 3		/* certificates in x5chain, the signer's first */
#define BSG_COSE_CERT_MAX 1024		/* bytes of one certificate, DER */
#define BSG_COSE_KID_MAX 16		/* bytes */
#define BSG_COSE_HEADER_MAX (BSG_COSE_CHAIN_MAX * (BSG_COSE_CERT_MAX + 3) + 32)
/* What the envelope adds to a payload, at most. */
#define BSG_COSE_OVERHEAD_MAX (BSG_COSE_HEADER_MAX + BSG_COSE_SIGNATURE_LEN + 16)
/* A buffer of payload + this always holds the bytes to be signed. */
#define BSG_COSE_SIG_OVERHEAD_MAX (BSG_COSE_HEADER_MAX + 64)

/*
 * What a message is. The kind is not in the envelope: reader and writer both
 * know it, and its name is the external AAD, so that no message can stand in
 * for another (W12). Zero is no kind.
 */
enum bsg_cose_kind {
	BSG_COSE_ORDERS = 1,		/* signed by the orders key; x5chain */
	BSG_COSE_GATE_CREDENTIAL,	/* signed by the orders key; x5chain */
	BSG_COSE_THRESHOLD_TOKEN,	/* signed by the gate's key, which the credential inside names */
	BSG_COSE_PASS,			/* signed by the device's key, or by the server's with its kid */
};

/* The protected header besides alg, which is always ES256. */
struct bsg_cose_header {
	struct bsg_bytes kid;			/* empty: absent */
	struct bsg_bytes chain[BSG_COSE_CHAIN_MAX];	/* DER */
	size_t n_chain;				/* 0: absent */
};

struct bsg_cose_message {
	struct bsg_cose_header header;
	struct bsg_bytes header_bytes;	/* the protected header as it was signed */
	struct bsg_bytes payload;
	struct bsg_bytes signature;	/* BSG_COSE_SIGNATURE_LEN bytes */
};

/** The external AAD of a kind: ASCII such as "bosaga/orders". Empty for no kind. */
struct bsg_bytes bsg_cose_aad(enum bsg_cose_kind kind);

/** The longest signed message of a kind in bytes, envelope included. 0 for no kind. */
size_t bsg_cose_message_max(enum bsg_cose_kind kind);

/**
 * Encode the protected header of a kind.
 *
 * @param kind    orders and gate credentials need a chain and take no kid; a
 *                pass may have a kid; a token has neither (W13)
 * @param out     the bytes, inside @buf; empty on failure
 *
 * @return BSG_OK, BSG_E_INVALID (not what the kind asks for), BSG_E_LIMIT (a
 *         field or @cap)
 */
enum bsg_err bsg_cose_header_encode(enum bsg_cose_kind kind, const struct bsg_cose_header *header,
				    uint8_t *buf, size_t cap, struct bsg_bytes *out)
	BSG_MUST_CHECK;

/**
 * Build the Sig_structure: the bytes that are signed (RFC 9052, section 4.4).
 *
 * @param header_bytes  from bsg_cose_header_encode() or a parsed message
 * @param payload       the encoded message
 *
 * @return BSG_OK, BSG_E_INVALID (no such kind), BSG_E_LIMIT (@cap)
 */
enum bsg_err bsg_cose_sig_structure(enum bsg_cose_kind kind, struct bsg_bytes header_bytes,
				    struct bsg_bytes payload, uint8_t *buf, size_t cap,
				    struct bsg_bytes *out) BSG_MUST_CHECK;

/**
 * Put header, payload and signature together: the message as it travels.
 *
 * @param signature  BSG_COSE_SIGNATURE_LEN bytes
 *
 * @return BSG_OK, BSG_E_INVALID (no such kind), BSG_E_LIMIT (@cap, or longer
 *         than bsg_cose_message_max())
 */
enum bsg_err bsg_cose_assemble(enum bsg_cose_kind kind, struct bsg_bytes header_bytes,
			       struct bsg_bytes payload, const uint8_t *signature, uint8_t *buf,
			       size_t cap, struct bsg_bytes *out) BSG_MUST_CHECK;

/**
 * Take a message apart. Nothing in it is to be believed before its signature
 * has been verified over bsg_cose_sig_structure() of the same kind.
 *
 * @param out  filled whole, or zeroed on failure; its slices point into @message
 * @param why  may be NULL; else a static text on failure, NULL otherwise
 *
 * @return BSG_OK, BSG_E_INVALID (not such an envelope), BSG_E_LIMIT
 */
enum bsg_err bsg_cose_parse(enum bsg_cose_kind kind, struct bsg_bytes message,
			    struct bsg_cose_message *out, const char **why) BSG_MUST_CHECK;

#endif
