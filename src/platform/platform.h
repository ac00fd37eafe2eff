/* SPDX-License-Identifier: MIT
 *
 * platform/: what this machine is. CPUs, memory, the limits that really apply, disks, mounts, kernel settings, ZFS,
 * neighbours, and a bounded I/O probe because flags lie. It never decides anything: tuning/ does. It never asks a
 * PostgreSQL server. Everything is read through KtSysroot, so a recorded machine gives the same answer as the live one.
 *
 * Sizes are bytes, -1 where unknown. Strings are NULL where unknown. Limits are G_MAXINT64 (or 0 CPUs) where there is
 * none.
 */
#pragma once

#include "base/sysroot.h"

typedef enum {
  KT_STORAGE_UNKNOWN,
  KT_STORAGE_HDD,
  KT_STORAGE_SSD,    /* SATA or SAS flash, and network volumes of the same order */
  KT_STORAGE_NVME,
  KT_STORAGE_MEMORY, /* tmpfs, zram */
} KtStorageClass;

const char *kt_storage_class_name (KtStorageClass class); /* "HDD", "SSD", "NVMe", "memory", "unknown" */

typedef struct {
  gint64 total, available, swap_total, swap_free;
  gint64 huge_page_size;             /* the default size, usually 2 MiB */
  gint64 huge_pages_total, huge_pages_free; /* counts */
  gint64 committed, commit_limit;    /* Committed_AS, CommitLimit */
  gboolean swap_in_memory;           /* zram and nothing else */
} KtMemory;

typedef struct {
  int version;             /* 1, 2, 0 when there is no cgroup */
  gint64 memory_limit;     /* smallest of all levels; G_MAXINT64: none */
  char *memory_limit_path; /* where that limit stands */
  gint64 memory_usage;     /* at that level; -1 unknown */
  gint64 swap_limit;
  double cpu_quota;        /* CPUs, smallest of all levels; 0: none */
  char *cpu_quota_path;
  guint cpuset_cpus;       /* 0: not restricted */
  gint64 hugetlb_limit;    /* bytes for the default huge page size */
} KtCgroup;

typedef struct {
  char *model, *architecture;
  guint sockets, cores, threads; /* online */
  guint numa_nodes;
  guint affinity;                /* CPUs this process may run on; 0 unknown */
  double usable;                 /* min (threads, affinity, cpuset, quota), at least 0.1 */
  gboolean aes;                  /* dm-crypt is cheap only with it */
  gboolean hypervisor;           /* x86: the CPU says that it is virtual */
} KtCpu;

/* One block device in the stack below a file system, top first. */
typedef struct {
  char *name;       /* "dm-0", "sda1", "nvme0n1" */
  char *label;      /* "vg-pg" for device mapper, else NULL */
  char *kind;       /* "partition", "lvm", "crypt", "raid1" …, "bcache", "loop", "ram", "disk" */
  char *transport;  /* of a disk: "nvme", "nvme-tcp", "sata", "sas", "scsi" (a controller), "usb", "virtio", "xen",
                      * "hyperv", "mmc", "iscsi", "fc", "network" …; else NULL */
  char *model;
  char *scheduler;  /* the active one */
  char *schedulers; /* all that it offers: "mq-deadline kyber none" */
  char *identity;   /* "device/wwid=naa.5002538e": attribute and value that tell it from all others, whatever its name is at the next
                     * boot; not recorded, since serial numbers concern nobody */
  char *write_cache; /* "write back", "write through" */
  gint64 size;
  gint64 read_ahead; /* bytes */
  int rotational;   /* what the kernel says: 1, 0, -1 unknown */
  gboolean discard; /* TRIM works */
  guint depth;      /* 0: directly below the file system */
} KtBlockDevice;

typedef struct {
  double read_iops_1, read_latency_1_us;   /* 8 kB random reads, depth 1 */
  double read_iops_16, read_latency_16_us; /* the same, depth 16 */
  double write_mb_s;                       /* sequential, with the final flush */
  double fdatasync_us;                     /* median of 8 kB write + fdatasync */
  gboolean direct;                         /* O_DIRECT worked; otherwise the page cache may flatter */
  gint64 bytes;                            /* size of the probe file */
  gint64 elapsed_ms;
  double other_iops; /* what others did on the device while one read at a time was measured; 0 also when unknown */
  gint64 taken_at;                         /* Unix seconds */
  KtStorageClass class;
} KtProbe;

typedef struct {
  char *role;        /* "data", "wal", "tablespace NAME" or "path" */
  char *path;
  char *mount_point, *fs_type, *source, *options;
  char *zfs_dataset; /* when fs_type is zfs */
  gint64 size, available;     /* available to unprivileged users */
  gint64 inodes, inodes_free; /* -1: the file system has none to count */
  GPtrArray *devices;         /* KtBlockDevice, depth first; empty for tmpfs, overlay, network */
  gboolean copy_on_write;     /* zfs, btrfs, bcachefs */
  gboolean network;           /* nfs, cifs, fuse, 9p */
  KtStorageClass flags_class; /* what transport and flags claim */
  KtProbe *probe;             /* NULL: not measured */
  KtStorageClass class;       /* probe's when there is one that tells, else flags_class */
  char *class_reason; /* "measured: 13,600 reads/s at depth 1, 123 µs fdatasync", "by flags, not measured: …" */
} KtVolume;

typedef struct {
  char *release, *clock_source, *distribution; /* distribution: PRETTY_NAME */
  char *virtualization; /* "kvm", "wsl", "docker", "lxc", "podman", … or NULL on bare metal or unknown */
  gboolean container;
  gint64 overcommit_memory, overcommit_ratio, swappiness;
  gint64 dirty_ratio, dirty_background_ratio, dirty_bytes, dirty_background_bytes;
  gint64 zone_reclaim_mode, numa_balancing, sched_autogroup, io_uring_disabled;
  gint64 shmmax, shmall;
  gint64 dev_shm_size, dev_shm_available;
  char *transparent_huge_pages, *transparent_huge_pages_defrag; /* the active word */
  gboolean fstrim_timer; /* systemd trims all file systems once a week */
} KtKernel;

typedef struct {
  char *name, *health;
  gint64 size, allocated, free;
  int capacity_percent, fragmentation_percent;
} KtPool;

typedef struct {
  gboolean tools;   /* zfs and zpool can be found */
  gboolean module;  /* the kernel module is loaded */
  char *version;    /* of the module, else of the tools */
  gint64 arc_size, arc_max; /* -1 without the module */
  GPtrArray *pools; /* KtPool */
} KtZfs;

/* A program beside PostgreSQL that needs memory of its own. */
typedef struct {
  char *name;   /* "kaspad", "simply-kaspa-indexer", "other programs" … */
  gint64 pid;   /* 0 for a sum of many */
  gint64 rss;
  gint64 reserve; /* what to set aside for it of kt_platform_memory_limit: at least its rss, less only where it runs
                   * outside the cgroup whose limit that is and the rest of the machine holds it */
  char *reason;   /* "uses 6.2 GB; a node on mainnet grows to about 8 GB" */
} KtNeighbour;

typedef struct {
  char *hostname;
  gboolean described;    /* nobody looked at it: see described.h */
  KtMemory memory;
  KtCgroup cgroup;
  KtCpu cpu;
  KtKernel kernel;
  KtZfs zfs;
  GPtrArray *volumes;    /* KtVolume, in the order asked for */
  GPtrArray *neighbours; /* KtNeighbour */
  char *server_oom_score_adj; /* "-900": of the postmaster asked for; NULL: unknown, or none was asked for */
  GPtrArray *notes;      /* char *: what could not be read, for people */
} KtPlatform;

typedef struct {
  const char *role;
  const char *path;
} KtPlatformPath;

/* Reads everything but the probe. @paths ends with a NULL path; NULL: none, or in a recording those that were recorded.
 * @server_pid: postmaster whose cgroup and own processes count (its family is no neighbour), 0: our own cgroup.
 * Never fails for absent facts (they become notes); fails only when nothing at all can be read. */
KtPlatform *kt_platform_load (KtSysroot *root, const KtPlatformPath *paths, gint64 server_pid, GError **error);
void kt_platform_free (KtPlatform *platform);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtPlatform, kt_platform_free)

/* Loads the live machine and records all it reads into @directory (new or empty), so that loading the recording with
 * NULL as paths gives the same platform as the one returned. The probes of @measured (NULL: none) are written along.
 * Arguments and environments of processes are not recorded, except for --ram-scale and the network of kaspad.
 * Errors: KT_ERROR_REFUSED (not empty), KT_ERROR_PRIVILEGE, KT_ERROR_NO_SPACE, KT_ERROR_IO. */
KtPlatform *kt_platform_record (const char *directory, const KtPlatformPath *paths, gint64 server_pid,
                                const KtPlatform *measured, GError **error);

/* The volume with @role, or the first, or NULL. */
KtVolume *kt_platform_volume (const KtPlatform *platform, const char *role);

/* Total memory or the cgroup's limit, whichever is smaller; -1 when neither is known. */
gint64 kt_platform_memory_limit (const KtPlatform *platform);
