// A file's status in the layouts of the two versions.
#include <algorithm>

#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

Filestat filestat(const os::Metadata& m) {
    Filestat s;
    s.dev = m.device;
    s.ino = m.inode;
    s.filetype = u8(m.type);
    s.nlink = m.links;
    s.size = m.size;
    s.atim = m.accessed;
    s.mtim = m.modified;
    s.ctim = m.changed;
    return s;
}

UnstableFilestat unstable_filestat(const os::Metadata& m) {
    UnstableFilestat s;
    s.dev = m.device;
    s.ino = m.inode;
    s.filetype = u8(m.type);
    s.nlink = u32(std::min<u64>(m.links, ~u32(0)));
    s.size = m.size;
    s.atim = m.accessed;
    s.mtim = m.modified;
    s.ctim = m.changed;
    return s;
}

}  // namespace heddle::wasi::p1
