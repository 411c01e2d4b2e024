#include "trace/trace-hw_misc_hsm.h"
