// Node's own SSLs as JavaScript sees them: OpenSSL's calls one for one, and the evidence, as functions of an id. Every
// call checks that the SSL still lives; arguments are checked here too, for lib/ is not the only thing that can go
// wrong.
//
// There is no object per SSL: one costs more, with its finalizer, than all the calls that most connections need. An id
// is given by find() and its like, and given back by release(); the observation behind it outlives the SSL until then.
#pragma once

#include <napi.h>

#include <memory>

#include "native/binding/id_table.h"
#include "native/node/observation.h"

namespace close_notify::binding {

struct AddonState;

// Another id for each time that an SSL is found.
using NodeSsls = IdTable<std::shared_ptr<node::Observation>>;

// What status(), alerts() and release() have to say of an SSL, in memory that JavaScript and the addon share: one call
// for all of it. The reference keeps the buffer; it is a shared buffer, so nobody can detach it.
struct StatusBlock {
  Napi::ObjectReference array;
  double* values = nullptr;
};

// Whether the SSL is alive; what it is like then goes into the status block, once there is one.
bool write_status(const AddonState& state, const node::Observation& observation);

// The object `ssl` of the addon's exports.
Napi::Object define_node_ssl(Napi::Env env);

}  // namespace close_notify::binding
