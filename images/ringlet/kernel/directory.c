/// Names. There is one directory, and it is a file like others: sixteen bytes for each name.
#include "kernel.h"

static int is_name(const struct directory_entry *entry, const char *name) {
  for (int index = 0; index < NAME_LENGTH; index++) {
    if (entry->name[index] != name[index]) return 0;
    if (!name[index]) return 1;
  }
  return !name[NAME_LENGTH];
}

/// Looks for a name, or with NULL for a free entry. Returns its offset, or where the next new
/// entry would go; `entry` has what is there, inode 0 if nothing.
static uint32_t look_up(struct inode *root, const char *name, struct directory_entry *entry) {
  uint32_t offset = 0;
  for (; offset < root->disk.size; offset += sizeof *entry) {
    inode_read(root, entry, offset, sizeof *entry);
    if (name ? entry->inode && is_name(entry, name) : !entry->inode) return offset;
  }
  entry->inode = 0;
  return offset;
}

/// The file of that name, or NULL. "/" is the directory itself; nobody needs to write it first.
struct inode *directory_find(const char *name) {
  while (*name == '/') name++;
  if (!*name) return inode_get(ROOT_INODE);
  struct inode *root = inode_get(ROOT_INODE);
  struct directory_entry entry;
  if (!root) return NULL;
  look_up(root, name, &entry);
  inode_put(root);
  return entry.inode ? inode_get(entry.inode) : NULL;
}

/// A new file of that name. NULL if the name is too long, or the disk is full.
struct inode *directory_create(const char *name) {
  struct directory_entry fresh = {0}, found;
  while (*name == '/') name++;
  for (int index = 0; name[index]; index++) {
    if (index == NAME_LENGTH) return NULL;
    fresh.name[index] = name[index];
  }
  struct inode *root = inode_get(ROOT_INODE);
  struct inode *inode = root ? inode_create(TYPE_FILE) : NULL;
  if (inode) {
    fresh.inode = (uint16_t)inode->number;
    uint32_t offset = look_up(root, NULL, &found);
    if (inode_write(root, &fresh, offset, sizeof fresh) != sizeof fresh) {
      inode_unlink(inode);  // a file without a name would stay for ever
      inode_put(inode);
      inode = NULL;
    }
  }
  if (root) inode_put(root);
  return inode;
}

/// Takes a file's name away. Devices and the directory itself stay: nobody could make them anew.
int directory_remove(const char *name) {
  while (*name == '/') name++;
  struct inode *root = inode_get(ROOT_INODE);
  struct directory_entry entry;
  if (!root) return -1;
  uint32_t offset = look_up(root, name, &entry);
  struct inode *inode = entry.inode ? inode_get(entry.inode) : NULL;
  int is_file = inode && inode->disk.type == TYPE_FILE;
  if (is_file) {
    memset(&entry, 0, sizeof entry);
    inode_write(root, &entry, offset, sizeof entry);
    inode_unlink(inode);
  }
  if (inode) inode_put(inode);
  inode_put(root);
  return is_file ? 0 : -1;
}
