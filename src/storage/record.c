/* SPDX-License-Identifier: MIT */
#include "storage/record.h"

#include "base/error.h"
#include "base/library.h"

#include <lz4.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <zstd.h>

#define LZ4_HEADER 4  /* ZFS keeps the length before the compressed bytes */
#define ZSTD_HEADER 8 /* length, version and level */
#define EMBEDDED_MAX 112
#define ZSTD_DEFAULT 3
#define ZSTD_MOST 19

/* Functions of liblz4 and libzstd, by their names there. */
typedef struct {
  int (*compressBound) (int);
  int (*compress_default) (const char *, char *, int, int);
} Lz4;

typedef struct {
  size_t (*compressBound) (size_t);
  size_t (*compressCCtx) (ZSTD_CCtx *, void *, size_t, const void *, size_t, int);
  ZSTD_CCtx *(*createCCtx) (void);
  size_t (*freeCCtx) (ZSTD_CCtx *);
  unsigned (*isError) (size_t);
} Zstd;

static Lz4 lz4;
static Zstd zstd;

struct KtPacker {
  KtCompression compression;
  ZSTD_CCtx *zstd;
  guint8 *buffer;
  gsize room;
  gint64 bytes, cpu_us;
};

gboolean
kt_compression_parse (const char *text, KtCompression *compression, GError **error)
{
  *compression = (KtCompression){ KT_COMPRESSION_OFF, 0 };
  guint64 level = ZSTD_DEFAULT;
  if (g_str_equal (text, "off"))
    return TRUE;
  if (g_str_equal (text, "lz4"))
    {
      compression->kind = KT_COMPRESSION_LZ4;
      return TRUE;
    }
  if (g_str_equal (text, "zstd")
      || (g_str_has_prefix (text, "zstd-")
          && g_ascii_string_to_unsigned (text + strlen ("zstd-"), 10, 1, ZSTD_MOST, &level, NULL)))
    {
      *compression = (KtCompression){ KT_COMPRESSION_ZSTD, (int) level };
      return TRUE;
    }
  kt_error_set (error, KT_ERROR_USAGE, NULL, "write off, lz4, zstd or zstd-1 to zstd-19",
                "“%s” is no compression that can be estimated", text);
  return FALSE;
}

char *
kt_compression_name (const KtCompression *compression)
{
  switch (compression->kind)
    {
    case KT_COMPRESSION_LZ4: return g_strdup ("lz4");
    case KT_COMPRESSION_ZSTD: return g_strdup_printf ("zstd-%d", compression->level);
    case KT_COMPRESSION_OFF: break;
    }
  return g_strdup ("off");
}

static gboolean
load_lz4 (GError **error)
{
  static const KtLibraryFunction names[] = {
    { "LZ4_compressBound", offsetof (Lz4, compressBound) },
    { "LZ4_compress_default", offsetof (Lz4, compress_default) },
  };
  static KtLibrary library = { "liblz4.so.1", "liblz4-1", names, G_N_ELEMENTS (names), &lz4, 0 };
  return kt_library_load (&library, error);
}

static gboolean
load_zstd (GError **error)
{
  static const KtLibraryFunction names[] = {
    { "ZSTD_compressBound", offsetof (Zstd, compressBound) }, { "ZSTD_compressCCtx", offsetof (Zstd, compressCCtx) },
    { "ZSTD_createCCtx", offsetof (Zstd, createCCtx) },       { "ZSTD_freeCCtx", offsetof (Zstd, freeCCtx) },
    { "ZSTD_isError", offsetof (Zstd, isError) },
  };
  static KtLibrary library = { "libzstd.so.1", "libzstd1", names, G_N_ELEMENTS (names), &zstd, 0 };
  return kt_library_load (&library, error);
}

KtPacker *
kt_packer_new (KtCompression compression, gsize record, GError **error)
{
  if ((compression.kind == KT_COMPRESSION_LZ4 && !load_lz4 (error))
      || (compression.kind == KT_COMPRESSION_ZSTD && !load_zstd (error)))
    return NULL;
  KtPacker *packer = g_new0 (KtPacker, 1);
  packer->compression = compression;
  if (compression.kind == KT_COMPRESSION_LZ4)
    packer->room = (gsize) lz4.compressBound ((int) record);
  else if (compression.kind == KT_COMPRESSION_ZSTD)
    packer->room = zstd.compressBound (record);
  packer->buffer = g_malloc (packer->room);
  if (compression.kind == KT_COMPRESSION_ZSTD)
    packer->zstd = zstd.createCCtx ();
  return packer;
}

void
kt_packer_free (KtPacker *packer)
{
  if (packer == NULL)
    return;
  if (packer->zstd != NULL)
    zstd.freeCCtx (packer->zstd);
  g_free (packer->buffer);
  g_free (packer);
}

static gboolean
is_zero (const guint8 *data, gsize length)
{
  return length == 0 || (data[0] == 0 && memcmp (data, data + 1, length - 1) == 0);
}

/* With ZFS's own header; 0 when the library cannot. */
static gsize
packed_size (KtPacker *packer, const guint8 *data, gsize length)
{
  if (packer->compression.kind == KT_COMPRESSION_LZ4)
    {
      int n = lz4.compress_default ((const char *) data, (char *) packer->buffer, (int) length, (int) packer->room);
      return n > 0 ? (gsize) n + LZ4_HEADER : 0;
    }
  gsize n = zstd.compressCCtx (packer->zstd, packer->buffer, packer->room, data, length, packer->compression.level);
  return zstd.isError (n) ? 0 : n + ZSTD_HEADER;
}

static gint64
cpu_now (void)
{
  struct timespec time;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

gint64
kt_packer_allocated (KtPacker *packer, const guint8 *data, gsize length, gsize sector)
{
  gint64 plain = (gint64) ((length + sector - 1) / sector * sector);
  if (packer->compression.kind == KT_COMPRESSION_OFF)
    return plain;
  packer->bytes += (gint64) length;
  if (is_zero (data, length))
    return 0;
  gint64 began = cpu_now ();
  gsize packed = packed_size (packer, data, length);
  packer->cpu_us += cpu_now () - began;
  if (packed == 0 || packed > length - length / 8)
    return plain;
  return packed <= EMBEDDED_MAX ? 0 : (gint64) ((packed + sector - 1) / sector * sector);
}

gint64
kt_packer_bytes (const KtPacker *packer)
{
  return packer->bytes;
}

gint64
kt_packer_cpu_us (const KtPacker *packer)
{
  return packer->cpu_us;
}
