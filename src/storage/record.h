/* SPDX-License-Identifier: MIT
 *
 * storage/: where the data lie and what that costs. It never changes a setting of PostgreSQL.
 *
 * This file: what ZFS would allocate for one record under a compression. Pure arithmetic around liblz4 and libzstd, after
 * the rules of OpenZFS: a record of zeros is a hole; one that shrinks by less than an eighth is stored as it is; what is
 * stored fills whole sectors; a result of up to 112 bytes lies in the block pointer and costs nothing. Parity of RAID-Z
 * and copies come on top and are not part of it.
 */
#pragma once

#include <glib.h>

typedef struct {
  enum { KT_COMPRESSION_OFF, KT_COMPRESSION_LZ4, KT_COMPRESSION_ZSTD } kind;
  int level; /* of zstd, 1 to 19 */
} KtCompression;

/* "off", "lz4", "zstd" (level 3, as ZFS has it), "zstd-1" … "zstd-19". Errors: KT_ERROR_USAGE. */
gboolean kt_compression_parse (const char *text, KtCompression *compression, GError **error);
/* "zstd-5". Caller frees. */
char *kt_compression_name (const KtCompression *compression);

typedef struct KtPacker KtPacker;

/* For one compression, whose library is loaded. @record: the largest record it will see, bytes.
 * Errors: KT_ERROR_UNSUPPORTED (the library is not installed). */
KtPacker *kt_packer_new (KtCompression compression, gsize record, GError **error);
void kt_packer_free (KtPacker *packer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtPacker, kt_packer_free)

/* Bytes that one record with this content takes on a pool with sectors of @sector bytes. */
gint64 kt_packer_allocated (KtPacker *packer, const guint8 *data, gsize length, gsize sector);
/* What it did so far: bytes given to it and its own CPU time. */
gint64 kt_packer_bytes (const KtPacker *packer);
gint64 kt_packer_cpu_us (const KtPacker *packer);
