// What differs between operating systems: symbols of the process, and keeping this module loaded.
#pragma once

namespace close_notify::platform {

// A symbol that the executable or a library in its global scope exports; null when there is none.
void* process_symbol(const char* name);

// Keeps this module mapped until the process ends, even when the worker thread that loaded it has gone: OpenSSL holds
// pointers to our callbacks and has no call to take them back. False when the system refuses.
bool pin_this_module();

}  // namespace close_notify::platform
