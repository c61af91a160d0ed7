// The element of a thread in a grid made by flatGroups: 64 threads a group, 65,535 groups a row.
fn flat_index(id: vec3u) -> u32 { return id.y * 4194240u + id.x; }
