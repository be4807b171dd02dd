// Gravity between bodies in f64: a few bodies with an energy check (symplectic steps), then a small cloud.
#include "bench.h"

#include <math.h>

typedef struct {
    f64 x, y, z, vx, vy, vz, mass;
} Body;

enum { FEW = 6, MANY = 48 };

static Body few[FEW], many[MANY];

static f64 unit_random(void) { return (f64)(random_u64() >> 11) / 9007199254740992.0; }

static void scatter(Body* bodies, i32 count, f64 size, f64 speed) {
    for (i32 i = 0; i < count; i++) {
        Body* body = &bodies[i];
        body->x = (unit_random() - 0.5) * size;
        body->y = (unit_random() - 0.5) * size;
        body->z = (unit_random() - 0.5) * size;
        body->vx = (unit_random() - 0.5) * speed;
        body->vy = (unit_random() - 0.5) * speed;
        body->vz = (unit_random() - 0.5) * speed;
        body->mass = 0.2 + unit_random();
    }
}

static void kick(Body* bodies, i32 count, f64 dt, f64 softening) {
    for (i32 i = 0; i < count; i++) {
        Body* p = &bodies[i];
        for (i32 j = i + 1; j < count; j++) {
            Body* q = &bodies[j];
            const f64 dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
            const f64 distance2 = dx * dx + dy * dy + dz * dz + softening;
            const f64 pull = dt / (distance2 * sqrt(distance2));
            p->vx -= dx * q->mass * pull;
            p->vy -= dy * q->mass * pull;
            p->vz -= dz * q->mass * pull;
            q->vx += dx * p->mass * pull;
            q->vy += dy * p->mass * pull;
            q->vz += dz * p->mass * pull;
        }
    }
}

static void drift(Body* bodies, i32 count, f64 dt) {
    for (i32 i = 0; i < count; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

static f64 energy(const Body* bodies, i32 count, f64 softening) {
    f64 sum = 0;
    for (i32 i = 0; i < count; i++) {
        const Body* p = &bodies[i];
        sum += 0.5 * p->mass * (p->vx * p->vx + p->vy * p->vy + p->vz * p->vz);
        for (i32 j = i + 1; j < count; j++) {
            const f64 dx = p->x - bodies[j].x, dy = p->y - bodies[j].y, dz = p->z - bodies[j].z;
            sum -= p->mass * bodies[j].mass / sqrt(dx * dx + dy * dy + dz * dz + softening);
        }
    }
    return sum;
}

static void simulate(const char* name, Body* bodies, i32 count, i32 steps) {
    const f64 dt = 0.001, softening = 0.05;
    printf("%s before %.9f\n", name, energy(bodies, count, softening));
    for (i32 step = 0; step < steps; step++) {
        kick(bodies, count, dt, softening);
        drift(bodies, count, dt);
    }
    printf("%s after  %.9f\n", name, energy(bodies, count, softening));
}

int main(void) {
    scatter(few, FEW, 10, 1);
    scatter(many, MANY, 40, 0.5);
    simulate("few", few, FEW, opaque(700000));
    simulate("many", many, MANY, opaque(7500));
    return 0;
}
